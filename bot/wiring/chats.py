"""Chat programs, both ways: the workspaces of Slack and the bots of Telegram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.slack import SlackDoor
from bot.channels.slack_forms import SlackForms
from bot.channels.slack_homes import Homes
from bot.channels.slack_workspace import Workspace

if TYPE_CHECKING:
    from starlette.routing import Route

    from bot.channels.slack_send import SlackSender
    from bot.channels.telegram_bots import Bot
    from bot.ports import Accept, Sender, Source
    from bot.wiring.parts import Run, Serving
    from bot.wiring.process import Process

_SLACK_AT_ONCE, _TELEGRAM_AT_ONCE = 8, 16
"""Messages that may be on their way to one workspace, and by one bot."""


class Chats:
    """The doors and the ways out of all chat programs."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.slack = tuple(self._door(workspace) for workspace in self._workspaces())
        self.telegram = self._bots()
        self.slack_out = self._slack_senders()
        self.at_once = _TELEGRAM_AT_ONCE * len(self.telegram) + _SLACK_AT_ONCE * len(self.slack_out)

    def sources(self) -> dict[str, Source]:
        """All doors, by the names of their channels."""
        slack: dict[str, Source] = {door.name: door for door in self.slack}
        return slack | {name: bot.door for name, bot in self.telegram.items()}

    def senders(self) -> dict[str, Sender]:
        """The way out of each channel."""
        telegram: dict[str, Sender] = {name: bot.sender for name, bot in self.telegram.items()}
        return telegram | self.slack_out

    def doors(self) -> dict[str, Run]:
        """The doors that this process keeps."""
        slack: dict[str, Run] = {f"slack.{door.name}": door.run for door in self._slack_here()}
        return slack | {f"telegram.{name}": bot.door.run for name, bot in self._telegram_here().items()}

    def serving(self) -> dict[str, Serving]:
        """Whether each of them does what it is for."""
        slack: dict[str, Serving] = {f"slack.{door.name}": door.serving for door in self._slack_here()}
        return slack | {f"telegram.{name}": bot.door.serving for name, bot in self._telegram_here().items()}

    def routes(self, accept: Accept) -> list[Route]:
        """Where the services call us."""
        called = [route for door in self._slack_here() if door.by_http for route in door.routes()]
        hooks = {name: bot.door for name, bot in self.telegram.items() if bot.door.section.mode == "webhook"}
        if hooks:
            from bot.channels.telegram_hook import routes

            called += routes(hooks, accept)
        return called

    async def close(self) -> None:
        for bot in self.telegram.values():
            await bot.sender.close()
        for way in self.slack_out.values():
            await way.close()

    def _workspaces(self) -> list[Workspace]:
        """The siren gives a ticket its first priority."""
        config, urgent = self._process.config, next(iter(self._process.config.priorities))
        return [
            Workspace(
                name,
                section,
                self._process.store,
                self._process.now,
                prefix=config.desk.prefix,
                urgent=urgent,
            )
            for name, section in config.slack.items()
        ]

    def _door(self, workspace: Workspace) -> SlackDoor:
        process = self._process
        homes = Homes(workspace, process.store, process.desk, process.now)
        forms = SlackForms(workspace.web, process.config, homes.show)
        return SlackDoor(workspace, process.metrics, forms, alarm=self._slack_trouble)

    def _slack_senders(self) -> dict[str, SlackSender]:
        process = self._process
        if not any(section.enabled for section in process.config.slack.values()):
            return {}
        from bot.channels.slack_out import slack_senders

        run, broke = process.workers.run, process.template_broke
        return slack_senders(
            process.config, process.blobs, run, trouble=process.alarm, broke=broke, now=process.now
        )

    def _bots(self) -> dict[str, Bot]:
        process = self._process
        if not any(section.enabled for section in process.config.telegram.values()):
            return {}
        from bot.channels.telegram import House
        from bot.channels.telegram_bots import bots_of

        house = House(process.store, process.worker, process.now, self._telegram_trouble)
        return bots_of(process.config, house, process.blobs, process.workers.run, process.template_broke)

    def _slack_here(self) -> list[SlackDoor]:
        """The workspaces that this process serves: by a socket of its own, or by requests to its pages."""
        config, roles = self._process.config, self._process.roles
        here = {True: "web" in roles and config.web.enabled, False: "slack" in roles}
        return [door for door in self.slack if here[door.by_http] and config.slack[door.name].enabled]

    def _telegram_here(self) -> dict[str, Bot]:
        return self.telegram if "telegram" in self._process.roles else {}

    def _slack_trouble(self, name: str, words: str) -> None:
        """A workspace asks for a person."""
        what = f"Nothing comes from the Slack workspace {name}: {words}"
        advice = f"Check [slack.{name}] (the app may have been removed, or its token changed), then run: deskbot check"
        self._process.alarm(f"slack {name}", what, advice)

    async def _telegram_trouble(self, name: str, words: str) -> None:
        """A bot asks for a person."""
        what = f"The door {name} does not work: {words}"
        self._process.alarm(f"chat {name}", what, "Run deskbot check, which says what to do.")
