"""Beginnings for the fuzzers: what real clients send. `python -m tests.fuzz.seeds` writes them."""

from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
SEEDS: dict[str, list[bytes]] = {
    "tagging": [
        bytes.fromhex("ff02ff06ff05"),
        bytes.fromhex("ff0500000101ff0100000007ff04"),
        bytes.fromhex("ff03000000010000000300000002 0100ff04ff06"),
        bytes.fromhex("ff03000000010000000300001001"),
    ],
    "imagestore": [
        b"list, N/A, N/A",
        b"return,my cat.jpg,N/A",
        b"save,cat.jpg,6\xff\xd8\xff\xe0\xff\xd9",
        b"save,../x.png,9\x89PNG",
        b"save,big.png,4097\x89PNG",
    ],
    "processing": [
        b"\xff\xd8 1 \xff\xd9###%Image_Sent%3###%Image_End%I got the fileClose_Connection",
        b"\xff\xd8###%Image_Sent%1\x89PNG###%Image_###%Image_Sent%8###%Image_End%",
        b"###%Image_Sent%9###%Image_End%",
    ],
}


def main() -> None:
    """Each seed twice: byte by byte, and in pieces of 32."""
    for name, seeds in SEEDS.items():
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds):
            for cut in (0, 31):
                (folder / f"seed-{number}-{cut}").write_bytes(bytes([cut]) + seed)


if __name__ == "__main__":
    main()
