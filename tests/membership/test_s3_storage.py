"""Files in an S3-compatible store: moto, a stand-in that speaks the protocol, in a process of its own."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from minio import Minio
from minio.error import S3Error

from intercoop.local.ports import Ports
from services.membership.storage import FileAway, Storage, StorageAway, open_storage
from services.membership.storage.opening import Place, place_of
from shared.ids import uuid7
from tests.conftest import Servers
from tests.system import system
from tests.waiting import eventually


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/moto-api/", timeout=5).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    host = f"127.0.0.1:{Ports.free()['membership']}"
    log: Path = tmp_path_factory.mktemp("moto") / "log"
    command = [sys.executable, "-m", "moto.server", "-p", host.rpartition(":")[2]]
    with log.open("wb") as written, subprocess.Popen(command, stdout=written, stderr=written) as server:
        eventually(lambda: answers(f"http://{host}"), within=60, every=0.1)
        Minio(host, access_key="key", secret_key="secret", region="us-east-1", secure=False).make_bucket("papers")
        yield host
        server.terminate()


@pytest.fixture
def storage(host: str) -> Storage:
    return open_storage(f"s3+http://key:se%2Fcret@{host}/papers/of%20members")


def test_a_file_comes_back_as_it_was_and_is_gone_when_deleted(storage: Storage) -> None:
    file_id, content = uuid7(), os.urandom(7 * 1024 * 1024)
    file = io.BytesIO(b"left out" + content)
    file.seek(8)
    storage.put(file_id, file)
    pieces = list(storage.read(file_id))
    assert b"".join(pieces) == content
    assert len(pieces) > 1
    storage.delete(file_id)
    storage.delete(file_id)
    with pytest.raises(FileAway):
        storage.read(file_id)


def test_what_is_old_is_told_page_after_page_and_what_is_not_ours_left_out(host: str, storage: Storage) -> None:
    plain = Minio(host, access_key="key", secret_key="secret", region="us-east-1", secure=False)
    ids = {uuid7() for _ in range(5)}
    for file_id in ids:
        storage.put(file_id, io.BytesIO(b"x"))
    plain.put_object("papers", "of members/README", io.BytesIO(b"x"), 1)
    plain.put_object("papers", str(uuid7()), io.BytesIO(b"x"), 1)
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert set(storage.kept_before(soon)) == ids
    assert list(storage.kept_before(soon - timedelta(hours=2))) == []


def test_a_store_without_the_bucket_is_a_fault_and_no_missing_file(host: str) -> None:
    storage = open_storage(f"s3+http://key:secret@{host}/nowhere")
    with pytest.raises(S3Error, match="NoSuchBucket"):
        storage.put(uuid7(), io.BytesIO(b"x"))
    with pytest.raises(S3Error, match="NoSuchBucket"):
        storage.read(uuid7())


def test_a_store_that_is_away_is_no_missing_file_either() -> None:
    storage = open_storage(f"s3+http://key:secret@127.0.0.1:{Ports.free()['membership']}/papers")
    with pytest.raises(StorageAway):
        storage.put(uuid7(), io.BytesIO(b"x"))
    with pytest.raises(StorageAway):
        storage.read(uuid7())


def test_the_service_keeps_and_gives_files_while_others_are_served(
    host: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILES_URL", f"s3+http://key:secret@{host}/papers/service")
    content = b"%PDF-1.7" + os.urandom(6 * 1024 * 1024)
    with system(servers, tmp_path) as running:
        running.start("membership")
        with running.api("membership") as api:
            body = {"name": "Cooperativa", "country": "UY", "sectors": ["housing"]}
            applying = {"organization_id": api.post("/v1/organizations", json=body).json()["id"], "kind": "mutual"}
            address = f"/v1/applications/{api.post('/v1/applications', json=applying).json()['id']}/documents"
            about = {"kind": "bylaws", "name": "estatuto.pdf"}
            octets = {"Content-Type": "application/octet-stream"}

            def add(number: int) -> str:
                more = content + bytes([number])
                return str(api.post(address, params=about, content=more, headers=octets).json()["id"])

            with ThreadPoolExecutor(4) as crowd:
                ids = list(crowd.map(add, range(4)))
            for number, document_id in enumerate(ids):
                assert api.get(f"{address}/{document_id}/content").content == content + bytes([number])


def test_an_address_says_where_who_and_how() -> None:
    assert place_of("s3://k%40y:s%2Fcret@store.example:9000/bucket/a/b?region=sa-east-1") == Place(
        endpoint="store.example:9000",
        bucket="bucket",
        prefix="a/b",
        key="k@y",
        secret="s/cret",
        region="sa-east-1",
        tls=True,
    )


@pytest.mark.parametrize("url", ["s3://store/bucket", "s3://k:s@store", "s3://k:s@store/", "s4://k:s@store/bucket"])
def test_an_address_that_is_not_whole_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="must be") as refused:
        open_storage(url)
    assert url not in str(refused.value)
