"""Run the dashboard and the scheduler side by side until interrupted."""

from importlib.resources import files
from pathlib import Path

from app.answer import Answer
from app.servers import HOST, Servers, accepts, answers_http, any_port, free_port
from app.session import Session
from warehouse.whole_file import write_text

DEFINITIONS = "pipelines.definitions"
LOCATION = "instance-select"  # Dagster knows by it which schedules somebody turned off


def serve(session: Session, *, dashboard_port: int | None, scheduler: bool) -> Answer:
    """Start everything; the answer has the addresses, and its `then` waits and stops.

    Raises `NotStarted` if a server does not come up; then all are stopped.
    """
    settings = session.settings
    home = settings.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    servers = Servers(
        {
            "INSTANCE_SELECT_HOME": str(home),
            "DAGSTER_HOME": str(settings.dagster_home.resolve()),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
        }
    )
    try:
        urls = {"dashboard": _dashboard(servers, session, dashboard_port)}
        if scheduler:
            urls["dagster"] = _dagster(servers, session)
        with session.working("starting"):
            servers.wait_until_up()
    except BaseException:
        servers.stop()
        raise
    lines = [f"{name:<10} {url}" for name, url in urls.items()]

    from app.notify.watch import watching

    def then() -> None:
        try:
            with watching(settings):
                servers.wait_until_interrupted()
        finally:
            servers.stop()

    return Answer({"serving": urls}, lambda: [*lines, "Stop with Ctrl-C."], then=then)


def _dashboard(servers: Servers, session: Session, port: int | None) -> str:
    from app.dashboard.start import streamlit_arguments

    port = free_port(port or session.settings.dashboard_port, session.say)
    url = f"http://{HOST}:{port}"
    arguments = streamlit_arguments(session.settings, port)
    servers.start(
        "The dashboard", "streamlit", arguments, lambda: answers_http(f"{url}/_stcore/health")
    )
    return url


def _dagster(servers: Servers, session: Session) -> str:
    """One process holds our definitions; the web server and the scheduler both ask it."""
    home = session.settings.dagster_home
    _prepare(home)
    code = any_port()
    place = ["-m", DEFINITIONS, "-d", str(home.resolve())]  # else the current folder is imported
    servers.start(
        "Dagster's code server",
        "dagster",
        ["api", "grpc", "-h", HOST, "-p", str(code), *place, "--log-level", "warning"],
        lambda: accepts(code),
    )
    servers.wait_until_up()
    port = free_port(session.settings.dagster_port, session.say)
    url = f"http://{HOST}:{port}"
    at = ["-w", str(_workspace(home, code))]
    servers.start(
        "Dagster",
        "dagster_webserver",
        ["-h", HOST, "-p", str(port), "--log-level", "warning", *at],
        lambda: answers_http(f"{url}/server_info"),
    )
    servers.start(
        "The scheduler",
        "dagster._daemon",
        ["run", "--log-level", "error", *at],
        lambda: True,
    )
    return url


def _workspace(home: Path, code: int) -> Path:
    """Where the definitions are served. Without a name it would be the port, another each time."""
    file = home / "workspace.yaml"
    where = f"{{host: {HOST}, port: {code}, location_name: {LOCATION}}}"
    write_text(file, f"load_from:\n  - grpc_server: {where}\n")
    return file.resolve()


def _prepare(home: Path) -> None:
    """Dagster refuses to start without its settings file."""
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    if not settings.exists():
        write_text(settings, (files("pipelines") / "dagster.yaml").read_text())
