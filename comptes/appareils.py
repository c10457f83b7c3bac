"""What a browser says of itself, in words that a person recognises."""

# The order matters: Edge and Opera say « Chrome », Chrome says « Safari ».
NAVIGATEURS = [
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
]
SYSTEMES = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "téléphone ou tablette Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
]


def nommer(appareil: str) -> str:
    """« Firefox, Windows », from a User-Agent header; « Appareil inconnu » when nothing is recognised."""
    trouves = [next((nom for signe, nom in liste if signe in appareil), "") for liste in (NAVIGATEURS, SYSTEMES)]
    return ", ".join(filter(None, trouves)) or "Appareil inconnu"
