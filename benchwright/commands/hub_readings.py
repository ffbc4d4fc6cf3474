"""``benchwright hub readings``: what benches read of reference artifacts: rows, control chart, gauge study (Q7)."""

from typing import Annotated, Any

import typer

from benchwright.commands.hub_common import AsJson, Config, open_database
from benchwright.errors import UsageError
from benchwright.printing import print_document, print_json


def readings(
    *,
    serial: Annotated[str | None, typer.Option(help="Serial number of the artifact (or device).")] = None,
    model: Annotated[str | None, typer.Option(help="Its model, e.g. RB-1.")] = None,
    bench: Annotated[str | None, typer.Option(help="Bench that read it.")] = None,
    name: Annotated[list[str] | None, typer.Option(help="Measurement; again for each repeat in a run.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=5000, help="The newest so many readings.")] = 1000,
    chart: Annotated[bool, typer.Option("--chart", help="Control chart as JSON; needs serial, bench, name.")] = False,
    gauge: Annotated[
        str | None, typer.Option(help="Gauge study as JSON between operator or bench; needs model, name.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Print readings with operator, instrument and calibration as CSV (or JSON), the newest first."""
    from hub.core.csv_text import csv_text
    from hub.identity.actors import command_line_actor
    from hub.measurements import queries, studies
    from hub.measurements.queries import DataFilter
    from hub.measurements.schemas import MeasurementRow

    names = list(dict.fromkeys(name or ()))
    if chart and not (serial and bench and names):
        raise UsageError("--chart needs --serial, --bench and --name")
    if gauge is not None and (gauge not in set(studies.Appraiser) or not (model and names)):
        raise UsageError(f"--gauge is {' or '.join(studies.Appraiser)}, and needs --model and --name")
    actor, wanted = command_line_actor(), DataFilter(serial=serial, model=model, bench=bench)
    with open_database(config) as database, database.read() as session:
        if chart:
            found: Any = studies.control_chart(session, actor, wanted, names)
            print_json(found.model_dump(mode="json"))
            return
        if gauge is not None:
            study = studies.gauge_study(session, actor, wanted, names, studies.Appraiser(gauge))
            print_json(study.model_dump(mode="json"))
            return
        rows = [MeasurementRow.of(*row) for row in queries.readings(session, actor, wanted, names, limit)]
    if as_json:
        print_json([row.model_dump(mode="json") for row in rows])
        return
    columns = tuple(MeasurementRow.model_fields)
    print_document(csv_text(columns, ([getattr(row, column) for column in columns] for row in rows)))
