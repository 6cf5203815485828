"""The folder of `make run`, whose name can be guessed and from which programs are run."""

import os
import pwd
import shutil
from pathlib import Path

import pytest

from regalbuto_urp import local
from regalbuto_urp.local import UNPRIVILEGED, Servers, own_folder

root_only = pytest.mark.skipif(not local.IS_ROOT, reason="only root can make another user's folder")


def test_a_folder_of_ours_is_made_and_kept(tmp_path: Path) -> None:
    folder = own_folder(tmp_path / "data")
    (folder / "file").touch()
    assert own_folder(folder) == folder
    assert (folder / "file").exists()
    assert folder.stat().st_mode & 0o777 == 0o755


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(tmp_path)
    with pytest.raises(RuntimeError, match="è di un altro utente"):
        own_folder(tmp_path / "data")


@root_only
def test_a_folder_that_somebody_else_has_made_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.chown(folder, UNPRIVILEGED)
    with pytest.raises(RuntimeError, match=f"eliminala .rm -r {folder}"):
        own_folder(folder)


@root_only
def test_only_the_databases_own_folders_are_its_users(tmp_path: Path) -> None:
    servers = Servers(tmp_path / "data", fast=True)
    try:
        user = pwd.getpwnam(UNPRIVILEGED).pw_uid
        assert (tmp_path / "data").stat().st_uid == os.geteuid()
        assert servers.postgres.stat().st_uid == servers.run.stat().st_uid == user
        assert local.home().stat().st_uid == os.geteuid()
    finally:
        shutil.rmtree(servers.run)
