"""What the viewer sees: headings, commands with their output, and what changed."""

import json
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from tests.demo.stage import Stage

COLOURS = {"completed": "green", "failed": "red", "started": "cyan", "unknown": "yellow"}


class Screen:
    """A terminal, or a log without colours."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """Some words."""
        self._console.print(escape(text))

    def heading(self, text: str) -> None:
        """What comes next."""
        self._console.print(f"\n[bold]{escape(text)}[/bold]")

    def command(self, command: str, output: str) -> None:
        """What a viewer could type, and what came back."""
        self._console.print(f"[dim]$ {escape(command)}[/dim]")
        self._console.print(escape(output.rstrip()))

    def change(self, item: dict[str, Any]) -> None:
        """A record that appeared or moved on."""
        colour = COLOURS.get(item["status"], "white")
        what = f"{item['product']} {item['version'] or ''}".strip()
        reason = f"  {item['reason']}" if item["reason"] else ""
        self._console.print(
            f"  [{colour}]{item['status']:<10}[/{colour}] {escape(what):<18} → {escape(item['environment']):<11}"
            f" {item['trigger'] or '':<10} {escape(item['deployed_by'] or ''):<19}[dim]{escape(reason)}[/dim]"
        )

    def verdict(self, broken: list[str]) -> int:
        """Whether the demo showed what it promises; the exit code."""
        for each in broken:
            self._console.print(f"[red]broken:[/red] {escape(each)}")
        self._console.print(
            "[red]The demo broke its promises.[/red]" if broken else "\n[green]All as promised.[/green]"
        )
        return 1 if broken else 0

    def farewell(self, stage: "Stage") -> None:
        """Where to go on."""
        self.heading("It is all yours until Ctrl-C")
        stage.show_page()
        self.say(f"  {stage.url}/                            the page: sign in with this key")
        self.say(f"  {stage.key}")
        self.say(f"  {stage.url}/docs                        the API, to try out with the same one")
        self.say(f"  export KUBECONFIG={stage.cluster.kubeconfig}   # kubectl get dep -A -o wide")
        self.say(f"  curl -H 'Authorization: Bearer {stage.key}' {stage.url}/api/v1/deployments")


def pretty(document: Any) -> str:
    """JSON for people."""
    return json.dumps(document, indent=2)
