"""How byte-level vocabularies write bytes as letters (GPT-2's bytes_to_unicode)."""


def byte_letters() -> list[str]:
    """The letter of each byte: itself where it prints, else the next one from U+0100 on."""
    plain = {*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    spare = iter(range(0x100, 0x200))
    return [chr(b if b in plain else next(spare)) for b in range(256)]


def token_bytes(token: str) -> bytes:
    """The bytes that a token of such a vocabulary stands for."""
    letters = {letter: b for b, letter in enumerate(byte_letters())}
    return bytes(letters[letter] for letter in token)
