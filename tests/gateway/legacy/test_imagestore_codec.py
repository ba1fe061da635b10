"""The image store codec by tables, in every split, and against damaged bytes: protocols/imagestore.md."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.legacy import imagestore
from gateway.legacy.codec import FrameTooLarge, ProtocolError
from gateway.legacy.imagestore import (
    InvalidName,
    ListRequest,
    RequestDecoder,
    ReturnRequest,
    SaveData,
    SaveEnd,
    SaveRequest,
)
from tests.gateway.legacy.feeding import decode, joined, splits

JPEG = b"\xff\xd8\xff\xe0,N/A,1234 save,x.jpg,3"
CASES = [
    (b"list, N/A, N/A", [ListRequest()]),
    (b"list,N/A,N/A", [ListRequest()]),
    (b"return,cat.jpg,N/A", [ReturnRequest("cat.jpg")]),
    (b"return,my cat.jpg, N/A", [ReturnRequest("my_cat.jpg")]),
    (b"return,cat.jpg,N/A and more", [ReturnRequest("cat.jpg")]),
    (
        b"save,my cat.jpg,%d" % len(JPEG) + JPEG,
        [SaveRequest("my_cat.jpg", len(JPEG)), SaveData(JPEG), SaveEnd()],
    ),
    # what comes behind the file is not taken
    (b"save,a.png,4\x89PNGlist, N/A, N/A", [SaveRequest("a.png", 4), SaveData(b"\x89PNG"), SaveEnd()]),
    (b"save,short.jpg,40" + JPEG[:9], [SaveRequest("short.jpg", 40), SaveData(JPEG[:9])]),
    ("save,Übersicht.jpg,2äx".encode(), [SaveRequest("Übersicht.jpg", 2), SaveData("ä".encode()), SaveEnd()]),
    (b"return,../etc/passwd,N/A", [InvalidName]),
    (b"return,a/b.jpg,N/A", [InvalidName]),
    (b"return,a\\b.jpg,N/A", [InvalidName]),
    (b"return,a\0b.jpg,N/A", [InvalidName]),
    (b"return,.hidden,N/A", [InvalidName]),
    (b"return,,N/A", [InvalidName]),
    (b"return,\xff\xfe.jpg,N/A", [InvalidName]),
    (b"save,../../x.jpg,3abc", [InvalidName]),
    (b"save,x.jpg,67108865\xff", [FrameTooLarge]),
    (b"save,x.jpg,99999999999999999999999999999999999999\xff", [FrameTooLarge]),
    (b"save,x.jpg,-1\xff", [ProtocolError]),
    (b"save,x.jpg,many", [ProtocolError]),
    (b"return,x.jpg,no", [ProtocolError]),
    (b"GET / HTTP/1.1\r\n", [ProtocolError]),
    (b"\xff\x02", [ProtocolError]),
]


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_commands_in_every_split(data: bytes, expected: list[object]) -> None:
    for pieces in splits(data):
        assert joined(decode(RequestDecoder, pieces), SaveData) == expected


@pytest.mark.parametrize("header", [b"save,", b"list,", b"return,", b"save,a.jpg,"])
def test_a_header_has_at_most_1024_bytes(header: bytes) -> None:
    filler = b"1" if header.endswith(b".jpg,") else b"x"
    fits = header + filler * (1024 - len(header))
    assert decode(RequestDecoder, [fits]) == []
    assert decode(RequestDecoder, [fits, filler]) == [FrameTooLarge]
    assert decode(RequestDecoder, [fits[at : at + 1] for at in range(1024)]) == []


def test_the_longest_header_of_a_save_may_be_followed_by_the_file_at_once() -> None:
    name = "n" * (1024 - len("save,,3"))
    data = f"save,{name},3".encode()
    assert len(data) == 1024
    expected = [SaveRequest(name, 3), SaveData(b"abc"), SaveEnd()]
    for pieces in ([data + b"abc"], [data, b"abc"], [data[:-1], data[-1:] + b"a", b"bc"]):
        assert joined(decode(RequestDecoder, pieces), SaveData) == expected


def test_the_end_of_the_stream_ends_the_digits_of_a_size() -> None:
    assert decode(RequestDecoder, [b"save,a.jpg,0"], finish=True) == [SaveRequest("a.jpg", 0), SaveEnd()]
    decoder = RequestDecoder()
    decoder.feed(b"save,a.jpg,12")
    assert decoder.next_message() is None
    decoder.finish()
    assert decoder.next_message() == SaveRequest("a.jpg", 12)
    assert decoder.next_message() is None
    assert decoder.inside  # so nothing is stored


@pytest.mark.parametrize(
    ("data", "inside"),
    [(b"", False), (b"s", True), (b"save,a,3", True), (b"save,a,3xy", True), (b"save,a,3xyz", False),
     (b"list, N/A, N/", True), (b"list, N/A, N/A", False)],
)  # fmt: skip
def test_silence_is_a_fault_only_inside_a_command(data: bytes, inside: bool) -> None:
    for pieces in splits(data):
        decoder = RequestDecoder()
        for piece in pieces:
            decoder.feed(piece)
            while decoder.next_message() is not None:
                pass
        assert decoder.inside == inside


names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=",/\\ "), min_size=1, max_size=40
).filter(lambda name: ".." not in name and not name.startswith("."))


@given(names, st.binary(max_size=200).filter(lambda data: not data[:1].isdigit()), st.integers(1, 50))
def test_what_is_encoded_is_decoded_however_it_is_cut(name: str, data: bytes, step: int) -> None:
    sent = SaveRequest(name, len(data))
    stream = imagestore.encode_request(sent) + data
    pieces = [stream[at : at + step] for at in range(0, len(stream), step)]
    content = [SaveData(data)] if data else []
    assert joined(decode(RequestDecoder, pieces, finish=True), SaveData) == [sent, *content, SaveEnd()]
    for request in (ListRequest(), ReturnRequest(name)):
        assert decode(RequestDecoder, [imagestore.encode_request(request)]) == [request]


@given(
    st.sampled_from([b"", b"save,", b"list,", b"return,", b"save,a.jpg,", b"save,a.jpg,12"]),
    st.binary(max_size=100),
    st.integers(1, 99),
)
def test_damaged_bytes_mean_the_same_in_every_cut_and_never_crash(head: bytes, rest: bytes, at: int) -> None:
    data = head + rest
    whole = joined(decode(lambda: RequestDecoder(50, 60), [data], finish=True), SaveData)
    for pieces in ([data[:at], data[at:]], [data[i : i + 1] for i in range(len(data))]):
        assert joined(decode(lambda: RequestDecoder(50, 60), pieces, finish=True), SaveData) == whole


def as_the_client_reads(reply: bytes) -> str:
    """One read of at most 4,069 bytes, decoded, without the signs of a list."""
    text = reply[:4069].decode()
    for sign in "[]'":
        text = text.replace(sign, "")
    return text


def test_a_listing_is_printed_as_python_prints_a_list() -> None:
    assert imagestore.encode_listing([]) == b"[]"
    assert imagestore.encode_listing(["b.jpg", "ä.png"]) == "['b.jpg', 'ä.png']".encode()
    assert as_the_client_reads(imagestore.encode_listing(["b.jpg", "ä.png"])) == "b.jpg, ä.png"


@given(st.lists(names, max_size=300))
def test_a_listing_holds_as_many_whole_names_as_fit(given_names: list[str]) -> None:
    reply = imagestore.encode_listing(given_names)
    shown = ast.literal_eval(reply.decode())
    assert shown == given_names[: len(shown)]
    assert len(reply) <= 4069
    if len(shown) < len(given_names):
        more = str(given_names[: len(shown) + 1]).encode()
        assert len(more) > 4069
    else:
        assert reply == str(given_names).encode()


def test_a_listing_is_filled_to_the_last_byte() -> None:
    names = ["a" * 2000, "b" * (4069 - 2000 - 8)]
    assert len(imagestore.encode_listing(names)) == 4069
    assert imagestore.encode_listing([names[0], names[1] + "b"]) == str(names[:1]).encode()
    assert imagestore.encode_listing(["c" * 4065]) == str(["c" * 4065]).encode()
    assert imagestore.encode_listing(["c" * 4066]) == b"[]"


def test_a_return_header() -> None:
    assert imagestore.encode_return_header("Ä.jpg", 200) == "Ä.jpg,200".encode()
