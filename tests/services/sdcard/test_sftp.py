"""SFTP's replies, byte by byte, damaged, and out of proportion; and what df prints."""

import struct
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sdcard import sftp
from services.sdcard.remote import quoted
from services.sdcard.sftp import DiskUsage, Entry, Replies, Reply, SftpError

HELLO = struct.pack(">IBI", 5 + 4 + 4 + 4 + 1, 2, 3) + sftp.text(b"name") + sftp.text(b"1")
STREAM = HELLO + sftp.request(7, sftp.DATA, sftp.text(b"bytes")) + sftp.request(8, sftp.STATUS, b"\0\0\0\1")
REPLIES = [Reply(7, sftp.DATA, sftp.text(b"bytes")), Reply(8, sftp.STATUS, b"\0\0\0\1")]


@pytest.mark.parametrize("split", range(len(STREAM)))
def test_every_split(split: int) -> None:
    replies = Replies()
    assert replies.feed(STREAM[:split]) + replies.feed(STREAM[split:]) == REPLIES
    assert replies.extensions == {b"name": b"1"}


def test_byte_by_byte() -> None:
    replies = Replies()
    assert [reply for n in range(len(STREAM)) for reply in replies.feed(STREAM[n : n + 1])] == REPLIES


@pytest.mark.parametrize(
    "data", [b"\xff\xff\xff\xff", b"\0\0\0\4", b"SSH-2.0-x\r\n", sftp.request(1, 101, b"")]
)
def test_what_is_no_sftp(data: bytes) -> None:
    with pytest.raises(SftpError):
        Replies().feed(data)


@given(st.binary(max_size=200))
def test_damaged_bodies_are_told_as_such(body: bytes) -> None:
    for read in (sftp.read_names, sftp.read_statvfs, sftp.read_status):
        try:
            read(body)
        except SftpError:
            continue


def _name(name: bytes, long_name: bytes, attributes: bytes) -> bytes:
    return sftp.text(name) + sftp.text(long_name) + attributes


def test_entries() -> None:
    whole = struct.pack(">IQIIIII", 0xF, 5_000_000_000, 0, 0, 0o100644, 1, 1_700_000_000)
    names = [
        _name(b"clip.mp4", b"", whole),
        _name(b".", b"d", b"\0\0\0\0"),
        _name(b"..", b"d", b"\0\0\0\0"),
        _name(b"../../etc/passwd", b"-", b"\0\0\0\0"),
        _name(b"\xff\n'", b"lrwx", b"\0\0\0\0"),
        _name(b"09", b"", struct.pack(">II", 4, 0o040755)),
        _name(b"tty", b"", struct.pack(">II", 4, 0o020755)),
        _name(b"more", b"-", struct.pack(">II", 0x80000000, 1) + sftp.text(b"a") + sftp.text(b"b")),
    ]
    assert sftp.read_names(struct.pack(">I", len(names)) + b"".join(names)) == [
        Entry("clip.mp4", "file", 5_000_000_000, 1_700_000_000),
        Entry("\udcff\n'", "link", 0, 0),
        Entry("09", "folder", 0, 0),
        Entry("tty", "other", 0, 0),
        Entry("more", "file", 0, 0),
    ]


@pytest.mark.parametrize(
    ("line", "usage"),
    [
        (b"/dev/mmcblk0p1 31166 1166 30000 4% /mnt/sdcard", (31166, 1166, 30000)),
        (b"map auto home 31166 1166 30000 4% /mnt/sd card 7%", (31166, 1166, 30000)),
        (b"none 1 2 3 - /x", (1, 2, 3)),
    ],
)
def test_df(line: bytes, usage: tuple[int, int, int]) -> None:
    header = b"Filesystem 1024-blocks Used Available Capacity Mounted on\n"
    assert sftp.read_df(header + line + b"\n") == DiskUsage(*(1024 * n for n in usage))


@pytest.mark.parametrize("output", [b"", b"df: no such file\n", b"a\nb c\n", b"a\nb c d e f g h\n"])
def test_what_is_no_df(output: bytes) -> None:
    assert sftp.read_df(output) is None


@given(st.binary(max_size=40).filter(lambda name: 0 not in name))
def test_a_shell_sees_one_word(name: bytes) -> None:
    shown = subprocess.run([b"sh", b"-c", b"printf %s " + quoted(name)], capture_output=True, check=True)
    assert shown.stdout == name
