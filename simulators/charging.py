"""
Transactions: they begin, are metered and end at the charge point, connected or not.

The charge point decides; the central system is told. So each step is written
into the books and queued as a report in the same breath, with the values and the
time of that moment, whenever it will be sent.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import Any

from ocpp.v16.enums import Action, AuthorizationStatus, Measurand, ReadingContext, Reason

from simulators.authorizer import Authorizer
from simulators.books import Books, Reading, TransactionRecord
from simulators.clock import Clock
from simulators.configuration import Configuration
from simulators.connector import Connector
from simulators.frames import Payload
from simulators.measurands import NOMINAL_V, Snapshot, sample
from simulators.options import Options
from simulators.outbox import Outbox, Report

_ENERGY = Measurand.energy_active_import_register.value


class Charging:
    """
    Begins, samples and ends the transactions of one charge point.

    Args:
        refresh: announces the status of a connector if it has changed.
    """

    def __init__(
        self,
        options: Options,
        clock: Clock,
        configuration: Configuration,
        books: Books,
        outbox: Outbox,
        authorizer: Authorizer,
        dice: random.Random,
        refresh: Callable[[Connector], None],
    ) -> None:
        self._options = options
        self._clock = clock
        self._configuration = configuration
        self._books = books
        self._outbox = outbox
        self._authorizer = authorizer
        self._dice = dice
        self._refresh = refresh

    def begin(self, connector: Connector, id_tag: str) -> TransactionRecord:
        """Start a transaction: energy flows from now on."""
        connector.cancel_timers()
        connector.waiting_tag = None
        record = TransactionRecord(connector.number, id_tag, connector.meter.register_wh, self._clock.stamp())
        connector.transaction = record
        connector.transaction_data = []
        self._books.transactions.append(record)
        self._keep_for_stop(connector, record.started_at, ReadingContext.transaction_begin)
        self._outbox.report(
            Report(
                Action.start_transaction.value,
                lambda: _start_payload(record),
                record.start,
                partial(self._started, connector, record),
            )
        )
        self.feed(connector)
        self.set_sampling(connector)
        self._refresh(connector)
        return record

    def end(self, connector: Connector, reason: Reason, id_tag: str | None = None) -> TransactionRecord | None:
        """Stop the transaction of a connector, if there is one: no energy flows any more."""
        record = connector.transaction
        if record is None:
            return None
        connector.sampler.stop()
        connector.cancel_timers()
        connector.meter.disconnect()
        record.stopped_at = self._clock.stamp()
        record.meter_stop_wh = connector.meter.register_wh
        record.reason, record.stop_id_tag = reason.value, id_tag
        self._keep_for_stop(connector, record.stopped_at, ReadingContext.transaction_end)
        data = connector.transaction_data
        self._outbox.report(
            Report(
                Action.stop_transaction.value,
                lambda: self._stop_payload(record, data),
                record.stop,
                lambda payload: self._authorizer.learn(id_tag or record.id_tag, payload.get("idTagInfo")),
            )
        )
        connector.transaction, connector.transaction_data = None, []
        connector.suspended = False
        connector.finished = connector.vehicle is not None
        if connector.operative_next is not None:
            connector.operative, connector.operative_next = connector.operative_next, None
        self._refresh(connector)
        return record

    def feed(self, connector: Connector) -> None:
        """Let energy flow, or not, as the facts about a connector say."""
        vehicle = connector.vehicle
        if connector.transaction is not None:
            connector.cancel_timers()
        if vehicle is None or connector.transaction is None or connector.suspended:
            connector.meter.disconnect()
            return
        connector.meter.connect(vehicle, connector.max_power_w)
        full_ns = vehicle.ns_to_full(round(connector.max_power_w * 1000))
        if full_ns:
            loop = asyncio.get_running_loop()
            # A millisecond later, so that the meter has passed the moment when it is read.
            delay_s = self._clock.real_s(full_ns / 1e9) + 0.001
            connector.timers.append(loop.call_later(delay_s, self._read_when_full, connector))

    def set_sampling(self, connector: Connector) -> None:
        """Take periodic samples at the configured interval while a transaction runs."""
        if connector.transaction is not None:
            interval_s = self._configuration.number("MeterValueSampleInterval")
            connector.sampler.start(self._clock.real_s(interval_s))

    def sample_periodically(self, connector: Connector) -> None:
        """Report the periodic sample of a connector, and keep it for the stop if that is configured."""
        timestamp = self.read(connector, ReadingContext.sample_periodic, "MeterValuesSampledData")
        if timestamp is not None:
            self._keep_for_stop(connector, timestamp, ReadingContext.sample_periodic)
        self._refresh(connector)

    def read_aligned(self, connector: Connector) -> None:
        """Report the clock-aligned sample of a connector, in a transaction or not (OCPP 1.6, 3.16.2)."""
        timestamp = self.read(connector, ReadingContext.sample_clock, "MeterValuesAlignedData")
        if timestamp is not None:
            self._keep_for_stop(connector, timestamp, ReadingContext.sample_clock, "StopTxnAlignedData")

    def read(self, connector: Connector, context: ReadingContext, key: str) -> str | None:
        """
        Report a reading of the measurands that a configuration key lists.

        Returns:
            The timestamp of the reading, or None if there is nothing to measure.
        """
        values = self._sampled(connector, context, self._configuration.items(key))
        if not values:
            return None
        record = connector.transaction
        reading = Reading(connector.number, self._clock.stamp(), _energy_of(values), context.value)
        (self._books.readings if record is None else record.meter_values).append(reading)
        payload = {"connectorId": connector.number, "meterValue": [_meter_value(reading.timestamp, values)]}
        self._outbox.report(
            Report(Action.meter_values.value, lambda: _with_transaction(payload, record), reading.delivery)
        )
        return reading.timestamp

    def _started(self, connector: Connector, record: TransactionRecord, payload: Payload) -> None:
        info = payload.get("idTagInfo")
        record.transaction_id = payload.get("transactionId")
        record.start_status = info.get("status") if isinstance(info, dict) else None
        self._authorizer.learn(record.id_tag, info)
        if connector.transaction is not record or record.start_status == AuthorizationStatus.accepted:
            return
        # OCPP 1.6, 3.5.4: the central system does not want this transaction.
        if self._configuration.flag("StopTransactionOnInvalidId"):
            self.end(connector, Reason.de_authorized)
        else:
            connector.suspended = True
            self.feed(connector)
            self._refresh(connector)

    def _read_when_full(self, connector: Connector) -> None:
        """Bring the meter up to date, so that the status says SuspendedEV."""
        connector.meter.settle()
        self._refresh(connector)

    def _stop_payload(self, record: TransactionRecord, data: list[dict[str, object]]) -> Payload:
        transaction_id = record.transaction_id
        payload: Payload = {
            "transactionId": self._options.unknown_transaction_id if transaction_id is None else transaction_id,
            "meterStop": record.meter_stop_wh,
            "timestamp": record.stopped_at,
            "reason": record.reason,
        }
        if record.stop_id_tag is not None:
            payload["idTag"] = record.stop_id_tag
        if data:
            payload["transactionData"] = data
        return payload

    def _keep_for_stop(
        self, connector: Connector, timestamp: str, context: ReadingContext, key: str = "StopTxnSampledData"
    ) -> None:
        """Keep a sample for the stop, if the configuration key lists something (OCPP 1.6, 3.16.1)."""
        record = connector.transaction
        values = self._sampled(connector, context, self._configuration.items(key))
        if values and record is not None:
            connector.transaction_data.append(_meter_value(timestamp, values))
            record.transaction_data.append((timestamp, _energy_of(values)))

    def _sampled(self, connector: Connector, context: ReadingContext, measurands: list[str]) -> list[dict[str, Any]]:
        vehicle = connector.vehicle
        now = Snapshot(
            energy_wh=connector.meter.register_wh,
            power_w=connector.meter.power_w,
            offered_w=0.0 if connector.suspended or connector.transaction is None else connector.max_power_w,
            voltage_v=NOMINAL_V + self._dice.uniform(-2.0, 2.0),
            phases=connector.phases,
            soc_percent=None if vehicle is None else vehicle.soc_percent,
        )
        return sample(measurands, now, context.value)


def _start_payload(record: TransactionRecord) -> Payload:
    return {
        "connectorId": record.connector,
        "idTag": record.id_tag,
        "meterStart": record.meter_start_wh,
        "timestamp": record.started_at,
    }


def _with_transaction(payload: Payload, record: TransactionRecord | None) -> Payload:
    """The id is filled in at the moment of sending: the reply to the start may have come by then."""
    if record is None or record.transaction_id is None:
        return payload
    return {**payload, "transactionId": record.transaction_id}


def _meter_value(timestamp: str, values: list[dict[str, Any]]) -> dict[str, object]:
    return {"timestamp": timestamp, "sampledValue": values}


def _energy_of(values: list[dict[str, Any]]) -> int | None:
    return next((int(value["value"]) for value in values if value["measurand"] == _ENERGY), None)
