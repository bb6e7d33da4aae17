"""How Streamlit is started, so that look and safety of the dashboard travel in the package."""

from importlib.resources import files

from pipelines.settings import Settings


def streamlit_arguments(settings: Settings, port: int) -> list[str]:
    """What follows `python -m streamlit`; the home is handed to the pages after the `--`."""
    folder = files("app.dashboard")
    options = {
        "server.port": str(port),
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.maxCacheDataSize": "256mb",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        "client.toolbarMode": "viewer",
        "runner.magicEnabled": "false",
        "theme.base": str(folder / "theme.toml"),
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    # Whoever reaches a page may decide, so no other website may reach it under a name of its own.
    flags += [f"--server.allowedHosts={host}" for host in ("127.0.0.1", "localhost")]
    home = str(settings.home.resolve())
    return ["run", str(folder / "main.py"), *flags, "--", "--home", home]
