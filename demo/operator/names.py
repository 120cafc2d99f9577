"""Names of people and businesses that do not exist."""

import random

FIRST = [
    "Aarav",
    "Anneli",
    "Astrid",
    "Bikash",
    "Björn",
    "Chandra",
    "Dawa",
    "Elif",
    "Emma",
    "Finn",
    "Gita",
    "Hana",
    "Ingrid",
    "Jonas",
    "José",
    "Kavya",
    "Lars",
    "Léa",
    "Maja",
    "Manaia",
    "Mei",
    "Milan",
    "Nadia",
    "Nima",
    "Noah",
    "Olga",
    "Pema",
    "Priya",
    "Ravi",
    "Rosa",
    "Sanjay",
    "Sita",
    "Søren",
    "Tane",
    "Tenzin",
    "Uma",
    "Vera",
    "Wiremu",
    "Zoë",
]
LAST = [
    "Adhikari",
    "Andersson",
    "Bauer",
    "Bhatt",
    "Carter",
    "Deshmukh",
    "Fischer",
    "Gurung",
    "Hansen",
    "Iyer",
    "Johansson",
    "Kaur",
    "Keller",
    "Lama",
    "Lindqvist",
    "Martin",
    "Mehta",
    "Moore",
    "Nilsson",
    "O'Hara",
    "Parata",
    "Patil",
    "Rai",
    "Rivera",
    "Schäfer",
    "Sharma",
    "Sherpa",
    "Svensson",
    "Tamang",
    "Taylor",
    "Weber",
]
TRADES = [
    "Calls",
    "Connect",
    "Exchange",
    "Fibre",
    "Kiosk",
    "Lines",
    "Minutes",
    "Networks",
    "Talk",
    "Trunks",
    "Voice",
    "Wireless",
]


def person(draw: random.Random) -> str:
    """A person's name."""
    return f"{_one_of(draw, FIRST)} {_one_of(draw, LAST)}"


def business(draw: random.Random) -> str:
    """A business's name."""
    return f"{_one_of(draw, LAST)} {_one_of(draw, TRADES)}"


def _one_of(draw: random.Random, names: list[str]) -> str:
    return names[int(draw.random() * len(names))]
