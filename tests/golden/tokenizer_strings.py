"""Mixed strings in 13 scripts for tokenizer tests; the same seed gives the same strings."""

import random

WORDS = {
    "latin": "the of speech naïve façade Ångström Straße señor ĳssel œuvre don't we'll I'm THEY'RE "
             "she'd 've transcribe listening colour ﬁne Ǆ ñandú Żółć encyclopædia",
    "cyrillic": "слово говорит человек ёлка подъезд съёмка Україна љубав ѣ ЗДРАВСТВУЙТЕ",
    "greek": "λόγος φωνή ἄνθρωπος Ἀθῆναι ΣΊΣΥΦΟΣ ςσ μικρός ΐ",
    "arabic": "كلمة صوت السَّلَامُ عليكم مدرسة ٱلْعَرَبِيَّة ـــ لا",
    "hebrew": "מילה קול שָׁלוֹם עִבְרִית ירושלים״",
    "devanagari": "शब्द आवाज़ नमस्ते हिन्दी क्षत्रिय ज्ञान कि़",
    "thai": "คำ เสียง สวัสดี ภาษาไทย กรุงเทพฯ น้ำ",
    "han": "语音 识别 漢字 𠮷野家 说话 我们 聽 㐂",
    "kana": "ことば おと こんにちは カタカナ ガギグ ｶﾞ ーっょ",
    "hangul": "말소리 음성 안녕하세요 한국어 ㅎㅏㄴ 각",
    "tamil": "சொல் குரல் வணக்கம் தமிழ் க்ஷ ஸ்ரீ",
    "armenian": "բառ ձայն Բարեւ հայերեն և ՀԱՅԱՍՏԱՆ",
    "georgian": "სიტყვა ხმა გამარჯობა ქართული ᲡᲘᲢᲧᲕᲐ",
}
EMOJI = ["😀", "👩‍👩‍👧‍👦", "🇧🇷", "👍🏽", "❤️", "🏳️‍🌈", "☎", "🤷🏻‍♂️", "①", "㊙"]
MARKS = ["e\u0301", "a\u0323\u0308", "n\u0304\u0302", "A\u030a", "o\u0328\u0304", "\u0308", "\u0e01\u0e47",
         "\u200d", "\u200c", "\ufe0f"]
SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\n\n ", "\u00a0", "\u2003", "\u3000", "\u2009", "\u202f",
          "\u0085", "\u180e", "\u200b", "\ufeff", "\v\f", " \t \n", "\u2028", "\u2029", "\u1680", "\x1c\x1f"]
NUMBERS = ["0", "42", "3.14", "1,000,000", "2026-11-21", "٣٤٥", "४२", "Ⅻ", "½", "x²", "１２", "²³¹",
           "１０％", "10:30", "£5", "#1"]
SIGNS = ["!", "?!", "...", "…", "—", "«»", "“quoted”", "'", "’s", "'S", "''", "'ll'", "(", "<|", "|>", "@",
         "http://a.b/c?d=e&f", "_", "__init__", "\\n", "{}", "$", "€", "¿", "、。", "「」", "·", "♪", "♪♪♪"]
CONTROLS = ["\x00", "\x01", "\x1b[0m", "\x7f", "\u0080", "\u200e", "\u202e", "\ufffc", "\ufffd", "\ue000",
            "\U000F0000", "\U0010FFFF"]


def _piece(rng: random.Random, special: list[str]) -> str:
    kind = rng.random()
    if kind < 0.62:
        script = rng.choice(list(WORDS))
        words = [rng.choice(WORDS[script].split()) for _ in range(rng.randint(1, 4))]
        return rng.choice(["", " ", "-"]).join(words) if rng.random() < 0.3 else " ".join(words)
    if kind < 0.70:
        return rng.choice(NUMBERS)
    if kind < 0.78:
        return rng.choice(SIGNS)
    if kind < 0.84:
        return rng.choice(EMOJI) * rng.randint(1, 2)
    if kind < 0.89:
        return rng.choice("aeioกகא각") + rng.choice(MARKS)
    if kind < 0.92:
        return rng.choice(CONTROLS)
    if kind < 0.96 and special:
        token = rng.choice(special)
        return token if rng.random() < 0.8 else token[:-1]
    return chr(_code_point(rng))


def _code_point(rng: random.Random) -> int:
    """Any code point, assigned or not, of two wide ranges of the Basic Plane."""
    return rng.randrange(0x20, 0x2FF0) if rng.random() < 0.7 else rng.randrange(0x3000, 0xD7A4)


def strings(count: int, seed: int, special: list[str]) -> list[str]:
    """`special` are added tokens to strew in."""
    rng = random.Random(seed)
    result = ["", " ", "  ", "\n", "'", "\ufffd"]
    for script in WORDS.values():
        result += [script, script.replace(" ", "")]
    while len(result) < count:
        text = ""
        for _ in range(rng.randint(1, 12)):
            text += _piece(rng, special)
            text += rng.choice(SPACES) if rng.random() < 0.35 else rng.choice(["", " ", " "])
        result.append(text)
    return result[:count]
