"""docs/compose.yaml and docs/nginx.conf name what there is: settings, commands, files, ports and networks."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.cli import COMMANDS
from api.settings import SETTINGS, Settings
from tests.cli.test_cli_postgresql import KEY

DOCS = Path(__file__).parents[1] / "docs"
GIVEN = {"POSTGRES_PASSWORD": "made-up", "ONRECORD_SIGNING_KEY": KEY.private_text()}
_VARIABLE = re.compile(r"\$\{(\w+)(?::\?|:-([^}]*))\}")


@pytest.fixture
def compose() -> dict[str, Any]:
    """The file as it is read, with its variables filled in."""

    def filled(found: re.Match[str]) -> str:
        return GIVEN.get(found[1], found[2]) or pytest.fail(f"{found[1]} has no value")

    text = (DOCS / "compose.yaml").read_text(encoding="utf-8")
    read: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(filled, text))
    return read


def test_compose_has_what_it_promises(compose: dict[str, Any]) -> None:
    """PostgreSQL, two web processes, nginx, and a migration before them; what one depends on is there."""
    services = compose["services"]
    assert services.keys() == {"db", "migrate", "web1", "web2", "nginx"}
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in services, name
            assert how["condition"] != "service_healthy" or "test" in services[other]["healthcheck"], name
    named = [volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])]
    assert {name for name in named if not name.startswith(".")} == compose["volumes"].keys()
    assert all((DOCS / name).is_file() for name in named if name.startswith("."))


def test_compose_runs_the_service_with_settings_that_are_there(compose: dict[str, Any]) -> None:
    """Every variable is a setting with a value that can be used, and every command is one."""
    services = compose["services"]
    for name in ("migrate", "web1", "web2"):
        environ = services[name]["environment"]
        assert environ.keys() <= {setting.name for setting in SETTINGS}
        chosen = Settings.from_environ(environ)
        assert chosen.database == "postgresql://onrecord:made-up@db:5432/onrecord"
        program, command = services[name]["command"].split()
        assert program == "onrecord" and command in COMMANDS
    assert services["db"]["environment"]["POSTGRES_PASSWORD"] == "made-up"
    seconds = int(services["web1"]["stop_grace_period"].removesuffix("s"))
    assert seconds > chosen.graceful_timeout
    # Each has a heads file of its own, on a disk that stays.
    assert services["web1"]["volumes"] != services["web2"]["volumes"]
    kept = {services[name]["volumes"][0].partition(":")[2] for name in ("web1", "web2")}
    assert kept == {str(Path(chosen.heads_path).parent)}


def test_nginx_finds_the_processes(compose: dict[str, Any]) -> None:
    """nginx sends to just the web processes, on the port that they listen on, and is believed by them."""
    text = (DOCS / "nginx.conf").read_text(encoding="utf-8")
    environ = compose["services"]["web1"]["environment"]
    port = environ["ONRECORD_BIND"].rpartition(":")[2]
    behind = re.findall(r"^ +server (\S+):(\d+) ", text, re.MULTILINE)
    assert behind == [("web1", port), ("web2", port)]
    subnet = ipaddress.ip_network(compose["networks"]["default"]["ipam"]["config"][0]["subnet"])
    assert subnet in Settings.from_environ(environ).trusted_proxies
    [published] = compose["services"]["nginx"]["ports"]
    assert f"listen {published.rpartition(':')[2]};" in text


def test_the_image_is_made_of_files_that_are_there(compose: dict[str, Any]) -> None:
    """What is built installs what the project pins, and runs as nobody."""
    lines = compose["services"]["web1"]["build"]["dockerfile_inline"].splitlines()
    assert "--require-hashes -r requirements.txt" in "\n".join(lines) and (DOCS.parent / "requirements.txt").is_file()
    assert "USER nobody" in lines
    version = re.search(r"python:3\.(\d+)", lines[0])
    assert version and 11 <= int(version[1]) <= 13
