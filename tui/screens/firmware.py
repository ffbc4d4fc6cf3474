"""Firmware by hand: identify, back up, flash, verify; what is on the device is said truthfully, also after a cancel."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.content import Content

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.firmware import FirmwareAct, FirmwareJob, FirmwareView
from edge_agent.local_api.requests import CancelFirmware, GetFirmware, GetFirmwareJob, StartFirmware
from tui.bench_state import Topic
from tui.formatting import clock
from tui.heard import heard
from tui.i18n import N_, _, titled
from tui.keys import Key, bindings
from tui.screens.base import BenchScreen
from tui.screens.by_hand import named
from tui.screens.choose import ChooseDialog
from tui.screens.confirm import ConfirmDialog
from tui.widgets.rows import Column, Row
from tui.widgets.said import Said
from tui.words import FIRMWARE_ACTS, FIRMWARE_MEMORY, FIRMWARE_PHASES, FIRMWARE_STATES

BUSY = {"running", "cancelling"}


class FirmwareScreen(BenchScreen):
    """One job at a time; it belongs to the agent and goes on without the screen."""

    TITLE_ID = N_("Firmware by hand")
    KEYS = (
        Key("f5", "choose", N_("Firmware"), N_("Choose the product's firmware and its version.")),
        Key("f6", "identify", N_("Identify"), N_("Ask the chip who it is, and whether it is the product's.")),
        Key("f7", "verify", N_("Verify"), N_("Compare the memory with the released image.")),
        Key("f8", "cancel", N_("Cancel"), N_("End the job; while it writes, once this is confirmed.")),
        Key("f9", "flash", N_("Flash"), N_("Back up, then erase, write and verify, once this is confirmed.")),
        Key("f12", "backup", N_("Back up"), N_("Read the memory into a file.")),
        Key("ctrl+r", "restore", N_("Restore"), N_("Write the backup back, once this is confirmed."), in_bar=False),
        Key("escape", "back", N_("Back"), N_("Leave; a job goes on without the screen.")),
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self, role: str) -> None:
        super().__init__()
        self.role = role
        self._profiles: tuple[FirmwareView, ...] = ()
        self._profile: FirmwareView | None = None
        self._version = ""

    def body(self) -> ComposeResult:
        """Lay out name, the firmware that is meant, and the job."""
        yield Said(self._head, id="facts")
        yield Said(self._job, id="job")

    def on_mount(self) -> None:
        """Fetch what there is to be written, and the last job."""
        self._fetch()

    def draw(self, changed: set[Topic]) -> None:
        """Show the job as it is now."""
        if "connection" in changed and self.bench.connected:
            self._fetch()
        if changed & {"firmware", "instruments", "connection"}:
            for said in self.query(Said):
                said.localise()
            self.show_keys()

    def offers(self, action: str) -> bool:
        """Only a job in progress can be cancelled, and nothing else can be begun meanwhile."""
        busy = self.job is not None and self.job.state in BUSY
        return busy == (action == "cancel") or action == "back"

    @property
    def job(self) -> FirmwareJob | None:
        """The job in progress, or the last one."""
        return self.bench.firmware.get(self.role)

    @work(group="fetch", exclusive=True)
    async def _fetch(self) -> None:
        link = self.bench_app.link
        try:
            self._profiles = await link.request(GetFirmware())
            job = await link.request(GetFirmwareJob(self.role))
        except AgentError as error:
            if error.kind != "unreachable":
                self.notice.say(heard(error))
            return
        if job is not None:
            self.bench.firmware[self.role] = job
        usable = [one for one in self._profiles if one.fault is None]
        if self._profile is None:
            wanted = None if job is None else next((one for one in usable if one.name == job.profile), None)
            instrument = self.bench.instrument(self.role)
            meant = [one for one in usable if instrument and one.programmer == instrument.status.profile]
            self._profile = wanted or (meant[0] if len(meant) == 1 else None)
            if self._profile is not None:
                self._version = job.version if wanted is not None and job is not None else self._profile.current
        if self.can_draw:
            self.draw({"firmware"})

    def _head(self) -> Content:
        head = named(self.bench, self.role)
        if self._profile is None:
            words = _("No firmware is chosen: F5.") if self._profiles else _("This bench has no firmware profiles.")
            return head + Content.styled("\n" + words, "$text-warning")
        words = f"\n{self._profile.model}  {self._version}"
        return head + Content.assemble((words, "bold"), (f"  {self._profile.chip}", "$text-muted"))

    def _job(self) -> Content:
        job = self.job
        if job is None:
            return Content.styled("\n" + _("Nothing has been done with this programmer yet."), "$text-muted")
        style = {"done": "bold $text-success", "running": "bold $text-accent", "cancelling": "bold $text-accent"}
        mark = {"done": "✓ ", "running": "▶ ", "cancelling": "▶ "}.get(job.state, "✗ ")
        lines = [
            Content(""),
            Content.assemble(
                (mark + titled(_(FIRMWARE_ACTS[job.act]), _(FIRMWARE_STATES[job.state])), style.get(job.state, _BAD)),
                (f"  {job.profile} {job.version}  {clock(job.began_at)}  {job.holder}", "$text-muted"),
            ),
        ]
        if job.state in BUSY and job.phase:
            lines += [Content(""), Content(_(FIRMWARE_PHASES[job.phase]))]
            if job.fraction is not None:
                cells = max(min(self.size.width - 12, 60), 10)
                full = round(job.fraction * cells)
                lines.append(
                    Content.assemble(
                        ("█" * full, "$primary"), ("░" * (cells - full), "$text-muted"), (f" {job.fraction:4.0%}", "")
                    )
                )
        if job.detail:
            lines += [Content(""), Content(heard(job.detail))]
        memory = (_(FIRMWARE_MEMORY[job.memory]), _BAD if job.memory == "incomplete" else "")
        lines += [Content(""), Content.assemble((titled(_("On the device"), ""), "$text-muted"), memory)]
        if job.backup:
            lines.append(Content.assemble((titled(_("Backup"), ""), "$text-muted"), (job.backup, "")))
        if job.memory == "incomplete" and job.state not in BUSY:
            words = _("F9 writes the released firmware again, Ctrl+R writes the backup back.")
            lines += [Content(""), Content.styled(words if job.backup else _("F9 writes it again."), "$text-warning")]
        return Content("\n").join(lines)

    # -- keys ----------------------------------------------------------------------------------------------------

    @work(group="dialog", exclusive=True)
    async def action_choose(self) -> None:
        """Choose firmware and version."""
        rows = []
        for one in self._profiles:
            if one.fault is not None:
                rows.append(Row(one.name, ((titled(one.name, heard(one.fault)), "$text-error"), "", "")))
            rows += [
                Row(f"{one.name} {version}", (one.model, version, _("current") if version == one.current else ""))
                for version in one.versions
            ]
        columns = (Column(N_("Model")), Column(N_("Version"), 12), Column("", 10))
        chosen = await self.bench_app.push_screen_wait(ChooseDialog(N_("Which firmware?"), rows, columns))
        name, _space, version = (chosen or "").partition(" ")
        profile = next((one for one in self._profiles if one.name == name and version in one.versions), None)
        if profile is not None:
            self._profile, self._version = profile, version
            self.draw({"firmware"})

    def action_identify(self) -> None:
        """Ask the chip."""
        self._start("identify")

    def action_verify(self) -> None:
        """Compare."""
        self._start("verify")

    def action_backup(self) -> None:
        """Read the memory."""
        self._start("backup")

    @property
    def _target(self) -> str:
        """What would be written to which chip."""
        profile = self._profile
        return "" if profile is None else f"{profile.name} {self._version or profile.current} → {profile.chip}"

    @work(group="dialog", exclusive=True)
    async def action_flash(self) -> None:
        """Write, once it is confirmed."""
        question = N_("Write this firmware to the device?")
        consequence = N_("Its memory is backed up first, then erased and written. Keep the device powered.")
        if await self.bench_app.push_screen_wait(ConfirmDialog(question, consequence, N_("Write"), about=self._target)):
            self._start("flash")

    @work(group="dialog", exclusive=True)
    async def action_restore(self) -> None:
        """Write the backup back, once it is confirmed."""
        question = N_("Write the backup back to the device?")
        consequence = N_("The device gets what was on it before. Keep it powered.")
        if await self.bench_app.push_screen_wait(
            ConfirmDialog(
                question, consequence, N_("Write"), about="" if self._profile is None else f"→ {self._profile.chip}"
            )
        ):
            self._start("restore")

    @work(group="dialog", exclusive=True)
    async def action_cancel(self) -> None:
        """End the job."""
        job = self.job
        if job is None or job.state not in BUSY:
            self.notice.say(_("No job is in progress."), "info")
            return
        if job.phase == "write":
            question = N_("Cancel while it writes?")
            consequence = N_("The device is left without complete firmware until it is written again.")
            if not await self.bench_app.push_screen_wait(ConfirmDialog(question, consequence, N_("Cancel the job"))):
                return
        try:
            await self.bench_app.link.request(CancelFirmware(self.role))
        except AgentError as error:
            self.notice.say(heard(error))

    @work(group="start", exclusive=True)
    async def _start(self, act: FirmwareAct) -> None:
        if self._profile is None:
            self.notice.say(_("No firmware is chosen: F5."))
            return
        self.notice.clear()
        holder = self.bench_app.operator or "tui"
        try:
            job = await self.bench_app.link.request(
                StartFirmware(self.role, holder, act, self._profile.name, self._version)
            )
        except AgentError as error:
            self.notice.say(heard(error))
            return
        known = self.job
        if known is None or known.began_at < job.began_at:  # its events may have been quicker
            self.bench.firmware[self.role] = job
        if self.can_draw:
            self.draw({"firmware"})


_BAD = "bold $text-error"
