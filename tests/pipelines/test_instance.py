from pathlib import Path

from pipelines.instance import open_instance


def test_a_new_home_gets_our_settings_and_keeps_its_own(tmp_path: Path) -> None:
    with open_instance(tmp_path / "dagster") as instance:
        assert not instance.telemetry_enabled
        assert Path(instance.root_directory) == tmp_path / "dagster"
    settings = tmp_path / "dagster" / "dagster.yaml"
    settings.write_text(settings.read_text() + "# mine\n")
    with open_instance(tmp_path / "dagster"):
        assert settings.read_text().endswith("# mine\n")
