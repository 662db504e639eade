"""Categories by the names that people type: a small list of Wikidata items, with labels in each language.

What is not in the list can be named by its item (`Q11442`) or its address; nothing is looked up anywhere.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from node.domain.values import category_iri
from node.web.i18n import Locale

__all__ = ["CATEGORIES", "Category", "category_name", "find_category", "labels", "near_to"]


@dataclass(frozen=True, slots=True)
class Category:
    """One item: its label in each language of ours, and other words by which it is found."""

    item: str
    english: str
    german: str
    others: tuple[str, ...] = ()

    @property
    def iri(self) -> str:
        return f"https://www.wikidata.org/wiki/{self.item}"

    def label(self, language: str) -> str:
        return self.german if language == "de" else self.english

    @property
    def words(self) -> tuple[str, ...]:
        return (self.english, self.german, *self.others)


def _category(item: str, english: str, german: str, others: str = "") -> Category:
    return Category(item, english, german, tuple(others.split(", ")) if others else ())


CATEGORIES: tuple[Category, ...] = (
    # on the road
    _category("Q11442", "Bicycle", "Fahrrad", "Bike, Rad, Velo"),
    _category("Q1420", "Car", "Auto", "Automobile, PKW, Wagen"),
    _category("Q34493", "Motorcycle", "Motorrad", "Motorbike"),
    _category("Q43193", "Lorry", "Lastwagen", "Truck, LKW"),
    _category("Q35872", "Boat", "Boot"),
    _category("Q82650", "Taxi ride", "Taxifahrt", "Taxi, Cab"),
    # things with a plug
    _category("Q3962", "Laptop", "Laptop", "Notebook"),
    _category("Q68", "Computer", "Computer", "PC, Rechner"),
    _category("Q155972", "Tablet", "Tablet", "Tablet computer"),
    _category("Q22645", "Smartphone", "Smartphone", "Phone, Handy, Mobiltelefon"),
    _category("Q5290", "Monitor", "Bildschirm", "Screen, Display"),
    _category("Q250", "Keyboard", "Tastatur"),
    _category("Q186819", "Headphones", "Kopfhörer"),
    _category("Q8075", "Television", "Fernseher", "TV, TV set, Fernsehgerät"),
    _category("Q15328", "Camera", "Kamera", "Fotoapparat"),
    _category("Q124441", "Washing machine", "Waschmaschine", "Washer"),
    _category("Q37828", "Refrigerator", "Kühlschrank", "Fridge"),
    _category("Q186263", "Dishwasher", "Geschirrspüler", "Spülmaschine"),
    _category("Q127956", "Microwave oven", "Mikrowelle", "Microwave"),
    # the home
    _category("Q14745", "Furniture", "Möbel"),
    _category("Q14748", "Table", "Tisch", "Desk"),
    _category("Q15026", "Chair", "Stuhl"),
    _category("Q42177", "Bed", "Bett"),
    _category("Q131514", "Sofa", "Sofa", "Couch"),
    _category("Q376", "Clock", "Uhr"),
    _category("Q178794", "Watch", "Armbanduhr", "Wristwatch"),
    _category("Q131696", "Towel", "Handtuch", "Towels, Handtücher"),
    _category("Q57216", "Plate", "Teller", "Plates"),
    _category("Q245005", "Teapot", "Teekanne"),
    _category("Q191851", "Vase", "Vase"),
    _category("Q39546", "Tool", "Werkzeug"),
    _category("Q25294", "Hammer", "Hammer"),
    _category("Q287", "Wood", "Holz"),
    _category("Q11469", "Glass", "Glas"),
    _category("Q3947", "House", "Haus"),
    # to wear
    _category("Q11460", "Clothing", "Kleidung", "Clothes"),
    _category("Q22676", "Shoes", "Schuhe", "Shoe, Schuh"),
    _category("Q131151", "T-shirt", "T-Shirt"),
    _category("Q39908", "Trousers", "Hose", "Pants"),
    _category("Q200539", "Dress", "Kleid"),
    _category("Q80151", "Hat", "Hut"),
    # to read, to play, to go out with
    _category("Q571", "Book", "Buch", "Books, Bücher"),
    _category("Q11422", "Toy", "Spielzeug", "Toys"),
    _category("Q18545", "Ball", "Ball", "Balls, Bälle"),
    _category("Q168658", "Doll", "Puppe", "Dolls, Puppen"),
    _category("Q131436", "Board game", "Brettspiel"),
    _category("Q7889", "Video game", "Videospiel"),
    _category("Q34379", "Musical instrument", "Musikinstrument"),
    _category("Q6607", "Guitar", "Gitarre"),
    _category("Q5994", "Piano", "Klavier"),
    _category("Q8355", "Violin", "Geige", "Fiddle, Violine"),
    _category("Q170544", "Tent", "Zelt"),
    _category("Q172226", "Skis", "Ski", "Skier"),
    # to eat and drink
    _category("Q2095", "Food", "Lebensmittel", "Groceries"),
    _category("Q8495", "Milk", "Milch"),
    _category("Q7802", "Bread", "Brot"),
    _category("Q10943", "Cheese", "Käse"),
    _category("Q34172", "Butter", "Butter"),
    _category("Q13317", "Yoghurt", "Joghurt", "Yogurt"),
    _category("Q93189", "Eggs", "Eier", "Egg, Ei"),
    _category("Q10990", "Meat", "Fleisch"),
    _category("Q600396", "Fish", "Fisch"),
    _category("Q11004", "Vegetables", "Gemüse"),
    _category("Q3314483", "Fruit", "Obst"),
    _category("Q10998", "Potatoes", "Kartoffeln"),
    _category("Q89", "Apples", "Äpfel", "Apple, Apfel"),
    _category("Q10987", "Honey", "Honig"),
    _category("Q5090", "Rice", "Reis"),
    _category("Q178", "Pasta", "Nudeln"),
    _category("Q36465", "Flour", "Mehl"),
    _category("Q195", "Chocolate", "Schokolade"),
    _category("Q13276", "Cake", "Kuchen", "Torte"),
    _category("Q8486", "Coffee", "Kaffee"),
    _category("Q6097", "Tea", "Tee"),
    _category("Q282", "Wine", "Wein"),
    _category("Q44", "Beer", "Bier"),
    _category("Q756", "Plants", "Pflanzen", "Plant, Pflanze"),
    _category("Q506", "Flowers", "Blumen", "Flower, Blume"),
    _category("Q12140", "Medicine", "Arzneimittel", "Medikament"),
    # somebody who does it
    _category("Q7406919", "Service", "Dienstleistung"),
    _category("Q252924", "Plumber", "Installateur", "Klempner, Plumbing, Sanitär"),
    _category("Q165029", "Electrician", "Elektriker"),
    _category("Q154549", "Carpenter", "Tischler", "Joiner, Schreiner, Zimmerer"),
    _category("Q758780", "Gardener", "Gärtner"),
    _category("Q55187", "Hairdresser", "Friseur"),
    _category("Q242468", "Tailor", "Schneider", "Dressmaker"),
    _category("Q160131", "Baker", "Bäcker"),
    _category("Q33231", "Photographer", "Fotograf"),
    _category("Q333634", "Translator", "Übersetzer"),
    _category("Q40348", "Lawyer", "Anwalt"),
    _category("Q326653", "Accountant", "Buchhalter", "Tax adviser, Steuerberater"),
    _category("Q42973", "Architect", "Architekt"),
    _category("Q27349", "Dentist", "Zahnarzt"),
    _category("Q202883", "Veterinarian", "Tierarzt", "Vet"),
    _category("Q37226", "Teacher", "Lehrer", "Tutor, Nachhilfe"),
    # what is paid every month, and nights away
    _category("Q12725", "Electricity", "Strom", "Power"),
    _category("Q40858", "Gas", "Gas", "Natural gas, Erdgas"),
    _category("Q43183", "Insurance", "Versicherung"),
    _category("Q22687", "Bank", "Bank", "Bank account, Bankkonto"),
    _category("Q27686", "Hotel", "Hotel"),
    _category("Q11707", "Restaurant", "Restaurant"),
)
_BY_IRI = {category.iri: category for category in CATEGORIES}
_BY_WORD = {word.casefold(): category for category in reversed(CATEGORIES) for word in category.words}


def category_name(iri: str, locale: Locale) -> str:
    """What a category is called; its item where it is not in the list."""
    found = _BY_IRI.get(iri)
    return found.label(locale.language) if found is not None else iri.rpartition("/")[2]


def find_category(text: str) -> str | None:
    """The item's address for a label in any language, an item or an address; None where there is none."""
    found = _BY_WORD.get(" ".join(text.split()).casefold())
    return found.iri if found is not None else category_iri(text.strip())


def near_to(text: str, locale: Locale, *, most: int = 4) -> tuple[str, ...]:
    """Labels that somebody who typed this may have meant."""
    typed = " ".join(text.split()).casefold()
    within = [
        word for word in _BY_WORD if (len(typed) > 2 and typed in word) or (len(word) > 3 and word in typed)
    ]
    close = difflib.get_close_matches(typed, _BY_WORD, n=most, cutoff=0.7)
    found = (_BY_WORD[word].label(locale.language) for word in (*within, *close))
    return tuple(dict.fromkeys(found))[:most]


def labels(locale: Locale, known: Iterable[str] = ()) -> tuple[str, ...]:
    """What to choose from: the whole list in the reader's language, and items that were used before."""
    listed = sorted((category.label(locale.language) for category in CATEGORIES), key=str.casefold)
    return (*listed, *(iri.rpartition("/")[2] for iri in known if iri not in _BY_IRI))
