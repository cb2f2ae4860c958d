"""IdTagInfo, as three of the replies carry it (OCPP 1.6, 7.27)."""

from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import AuthorizationStatus

from csms.domain.authorization import Token
from csms.ocpp.payloads import format_timestamp

# Beyond this, an index could not hold it; what was sent stands in the journal.
MAX_ID_TAG = 255


def id_tag_info(status: AuthorizationStatus, token: Token | None) -> IdTagInfo:
    """Say what was decided; the parent and the end of validity help a charge box to decide by itself when offline."""
    known = token if status in (AuthorizationStatus.accepted, AuthorizationStatus.concurrent_tx) else None
    return IdTagInfo(
        status=status,
        parent_id_tag=known.parent_id_tag if known else None,
        expiry_date=format_timestamp(known.expires_at) if known and known.expires_at else None,
    )
