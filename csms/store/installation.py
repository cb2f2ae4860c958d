"""What belongs to the installation as a whole: the secret that keys all hashes."""

import hashlib

from sqlalchemy import select

from csms.store.database import Database
from csms.store.tables import InstallationRow


async def secret_key(database: Database, setting: str) -> bytes:
    """
    The key of all hashes: from the setting CSMS_SECRET_KEY where it is set, else the one kept in the database.

    Returns:
        At most 64 bytes, what BLAKE2b takes as a key.
    """
    if setting:
        return hashlib.blake2b(setting.encode()).digest()
    async with database.read() as connection:
        return (await connection.execute(select(InstallationRow.secret))).scalar_one()
