//! Words from which plausible values are made. Names are common ones from many places.

pub const GIVEN: [&str; 40] = [
    "Amara", "Ana", "Anton", "Ayla", "Bao", "Björn", "Carla", "Chidi", "Clara", "Diego", "Elif",
    "Emma", "Farid", "Greta", "Hana", "Ida", "Ines", "Ivan", "Jonas", "Kenji", "Lea", "Leila",
    "Luca", "Mai", "Malik", "Maria", "Mateo", "Nadia", "Noah", "Olga", "Omar", "Paul", "Priya",
    "Rosa", "Sami", "Sofia", "Tariq", "Uma", "Wei", "Zoe",
];

pub const FAMILY: [&str; 40] = [
    "Abebe", "Ahmadi", "Bauer", "Becker", "Chen", "Costa", "Demir", "Dubois", "Eriksen", "Ferrari",
    "Garcia", "Haddad", "Hansen", "Ito", "Jansen", "Kaya", "Keller", "Kowalski", "Kumar", "Larsen",
    "Lehmann", "Martin", "Mbeki", "Moreau", "Müller", "Nagy", "Novak", "Okafor", "Olsen",
    "Peeters", "Popescu", "Rossi", "Santos", "Schmidt", "Silva", "Singh", "Tanaka", "Vogel",
    "Weber", "Yilmaz",
];

pub const ADJECTIVES: [&str; 30] = [
    "amber", "bold", "bright", "calm", "clear", "compact", "cotton", "crisp", "deep", "early",
    "fine", "fresh", "gentle", "golden", "grand", "green", "light", "linen", "maple", "mild",
    "modern", "northern", "oak", "plain", "quiet", "royal", "silver", "smooth", "solid", "warm",
];

pub const NOUNS: [&str; 40] = [
    "anchor", "basket", "bench", "bottle", "bridge", "candle", "chair", "clock", "compass", "cup",
    "desk", "door", "engine", "field", "forest", "frame", "garden", "harbour", "jacket", "kettle",
    "ladder", "lamp", "letter", "market", "meadow", "mirror", "orchard", "paper", "pencil",
    "pillow", "river", "scarf", "shelf", "signal", "station", "table", "tower", "valley", "wheel",
    "window",
];

pub const SENTENCES: [&str; 12] = [
    "Made to last and easy to repair.",
    "Please ring twice.",
    "A quiet favourite since its first day.",
    "Delivered in recycled packaging.",
    "Works best in the morning.",
    "Checked twice, found in good order.",
    "To be continued next week.",
    "Light enough to take along.",
    "Handle with care.",
    "Nothing unusual was noticed.",
    "The second one of its kind.",
    "Ask for details before use.",
];

pub const STREETS: [&str; 8] = [
    "Bahnhofstraße",
    "Church Lane",
    "Hauptstraße",
    "High Street",
    "Kirchgasse",
    "Mill Road",
    "Park Avenue",
    "Rue de la Gare",
];

/// Name, latitude and longitude.
pub const CITIES: [(&str, f64, f64); 10] = [
    ("Berlin", 52.520, 13.405),
    ("Hamburg", 53.551, 9.994),
    ("Köln", 50.938, 6.960),
    ("London", 51.507, -0.128),
    ("Madrid", 40.417, -3.704),
    ("München", 48.137, 11.575),
    ("Paris", 48.857, 2.352),
    ("Roma", 41.903, 12.496),
    ("Warszawa", 52.230, 21.012),
    ("Wien", 48.208, 16.374),
];

pub const COUNTRIES: [&str; 8] = ["AT", "CH", "DE", "ES", "FR", "GB", "IT", "PL"];
