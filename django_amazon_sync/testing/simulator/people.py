"""Made-up buyers and where they live, by country, in the scripts that are written there."""

from .answers import Json

PEOPLE: dict[str, tuple[tuple[str, str, str, str, str, str], ...]] = {
    # country: (name, street, city, state or region, postal code, phone)
    "US": (
        ("Alex Example", "12 Sample Street", "Seattle", "WA", "98101", "206-555-0100"),
        (
            "Dana O'Sample",
            "900 Placeholder Ave Apt 4B",
            "Austin",
            "TX",
            "73301-0001",
            "512-555-0111",
        ),
    ),
    "CA": (("Noé Exemple", "34 rue de l'Essai", "Montréal", "QC", "H2X 1Y4", "514-555-0122"),),
    "MX": (
        ("Ana Ejemplo", "Calle Muestra 5", "Ciudad de México", "CDMX", "01000", "55 5555 0133"),
    ),
    "DE": (
        ("Jörg Müßter", "Beispielweg 7", "Köln", "", "50667", "+49 221 5550144"),
        ("Änne Groß", "Musterstraße 1a", "Görlitz", "Sachsen", "02826", ""),
    ),
    "FR": (("Zoé Modèle", "8 rue de l'Épreuve", "Besançon", "", "25000", "+33 3 55 50 01 55"),),
    "GB": (("Sam Sample", "1 Test Lane", "Leeds", "", "LS1 1AA", "+44 113 555 0166"),),
    "IT": (("Lia Prova", "Via Esempio 9", "Forlì", "FC", "47121", "+39 0543 555017"),),
    "ES": (("Íñigo Muestra", "Calle del Ejemplo 3", "A Coruña", "", "15001", "+34 981 555 018"),),
    "JP": (("見本 太郎", "千代田1-2-3", "千代田区", "東京都", "100-0001", "03-5555-0199"),),
    "AU": (("Kim Specimen", "5 Trial Road", "Perth", "WA", "6000", "+61 8 5550 0200"),),
}


def buyer_and_address(country: str, choice: int) -> tuple[Json, Json]:
    """A buyer and a delivery address; the e-mail is a relay address, new with every order."""
    people = PEOPLE[country]
    name, street, city, state, postal_code, phone = people[choice % len(people)]
    buyer = {"buyerName": name, "buyerEmail": f"b{choice}@marketplace.amazon.example"}
    address = {
        "name": name,
        "addressLine1": street,
        "city": city,
        "stateOrRegion": state,
        "postalCode": postal_code,
        "countryCode": country,
        "phone": phone,
        "addressType": "RESIDENTIAL",
    }
    return buyer, {field: text for field, text in address.items() if text}
