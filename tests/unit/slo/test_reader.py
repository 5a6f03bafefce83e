"""Reading folders of SLO files."""

from pathlib import Path

from slo.reader import GENERATED, read

SERVICE = "apiVersion: openslo/v1\nkind: Service\nmetadata: { name: shop }\nspec: {}\n"


def test_what_the_compiler_has_written_into_a_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SERVICE)
    written = tmp_path / "generated" / "prometheus"
    written.mkdir(parents=True)
    (written / "shop.yaml").write_text(f"{GENERATED}: do not edit.\ngroups: []\n")
    assert [found.document.metadata.name for found in read([tmp_path])] == ["shop"]
