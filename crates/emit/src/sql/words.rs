//! The words of a text, to a search: the same on both databases.
//!
//! A word is a run of letters, digits and their marks; capital letters count as small ones, Latin
//! letters as those without marks. SQLite's full-text index knows that by itself, from tables that
//! never change ([`TOKENIZER`]). PostgreSQL's own parser would keep addresses, hosts and numbers
//! whole, and takes from the locale of the database what a capital letter is; so there one immutable
//! expression makes the words, from the tables of this page, which say what SQLite's say: a test asks
//! SQLite about every character there is.

/// How SQLite's full-text index splits texts and folds letters.
pub const TOKENIZER: &str = "unicode61 remove_diacritics 2 categories 'L* N* Co M*'";

/// Longest word of a row that is kept whole, in letters: of a longer one, its beginning. No text that
/// is searched for is as long.
const LONGEST: usize = 255;

/// Most letters of a row whose words PostgreSQL keeps: what it holds of a row is at most a megabyte.
const LETTERS_OF_ROW: u32 = 250_000;

/// Most words of a search; the rest is left out.
const ASKED: usize = 16;

/// The words of a text, in their order.
#[must_use]
pub fn of(text: &str) -> Vec<String> {
    let kept = text.chars().filter(|letter| !MARKS.contains(*letter));
    let folded: String = kept.map(fold).collect();
    let words = folded.split(is_between).filter(|word| !word.is_empty());
    words.map(|word| word.chars().take(LONGEST).collect()).collect()
}

/// The words that a row has to hold, the last as a beginning.
#[must_use]
pub fn asked(text: &str) -> Vec<String> {
    let mut words = of(text);
    words.truncate(ASKED);
    words
}

/// The words of a text in PostgreSQL, a `tsvector` without positions; `longest` is how many letters
/// the text may have.
#[must_use]
pub fn vector(text: &str, longest: u32) -> String {
    let text = match longest {
        ..=LETTERS_OF_ROW => text.to_owned(),
        _ => format!("left({text}, {LETTERS_OF_ROW})"),
    };
    let between: String = pairs(BETWEEN).map(|(from, to)| code(from) + "-" + &code(to)).collect();
    format!(
        "array_to_tsvector(array_remove(string_to_array(regexp_replace(regexp_replace(\
         {}, '[{between}]+', ' ', 'g'), '([^ ]{{{LONGEST}}})[^ ]+', '\\1', 'g'), ' '), ''))",
        folded(&text)
    )
}

/// A text of folded letters, in PostgreSQL.
///
/// `translate` looks each letter up from the beginning of its list: a text that it would leave as it
/// is is not given to it, and in others what is frequent comes first.
fn folded(text: &str) -> String {
    let (mut from, mut to) = (FREQUENT.to_owned(), FREQUENT.to_ascii_lowercase());
    from += MARKED;
    to.extend(MARKED.chars().map(fold));
    for (capitals, letters) in CAPITALS {
        from += capitals;
        to += letters;
    }
    for (base, marked) in LETTERS {
        for letter in marked.chars() {
            from.push(letter);
            to.push(base);
        }
    }
    for (capitals, letters) in RARE {
        from += capitals;
        to += letters;
    }
    // What has no counterpart is left out.
    from += MARKS;
    let folds: String = pairs(FOLDING).map(|(from, to)| code(from) + "-" + &code(to)).collect();
    // By the collation `C` it knows the letters of ASCII alone, whatever the locale.
    format!(
        "CASE WHEN octet_length({text}) = char_length({text}) OR {text} !~ '[{folds}]' \
         THEN lower({text} COLLATE \"C\") ELSE translate({text}, '{from}', '{to}') END"
    )
}

/// A character in a regular expression of PostgreSQL.
fn code(letter: char) -> String {
    match u32::from(letter) {
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

/// First and last characters of ranges.
fn pairs(ranges: &str) -> impl Iterator<Item = (char, char)> {
    let (first, last) = (ranges.chars().step_by(2), ranges.chars().skip(1).step_by(2));
    first.zip(last)
}

/// Whether a character is of no word.
fn is_between(letter: char) -> bool {
    if letter.is_ascii() {
        return !letter.is_ascii_alphanumeric();
    }
    pairs(BETWEEN).any(|(from, to)| (from..=to).contains(&letter))
}

/// The letter that a search takes one for.
fn fold(letter: char) -> char {
    if letter.is_ascii() {
        return letter.to_ascii_lowercase();
    }
    if !pairs(FOLDING).any(|(from, to)| (from..=to).contains(&letter)) {
        return letter;
    }
    if let Some((base, _)) = LETTERS.iter().find(|(_, marked)| marked.contains(letter)) {
        return *base;
    }
    let small = |(capitals, letters): &(&str, &str)| {
        let mut both = capitals.chars().zip(letters.chars());
        both.find(|(capital, _)| *capital == letter).map(|(_, small)| small)
    };
    CAPITALS.iter().chain(&RARE).find_map(small).unwrap_or(letter)
}

/// Letters that are met most, those of ASCII first.
const FREQUENT: &str = " etaoinsrhldcumfpgwybvkxjqz0123456789.,-ETAOINSRHLDCUMFPGWYBVKXJQZ\
    ßøæœłđı–—’‘“”„«»…абвгдежзийклмнопрстуфхцчшщъыьэюяѐёђѓєѕіїјљњћќѝўџαβγδεζηθικλμνξοπρστυφχψωάέήίόύώ";

/// Letters with marks that are met most; they stand among all others once more.
const MARKED: &str = "éèäöüáíóúàçãñêôâîûõåìòùëïÉÈÄÖÜÁÍÓÚÀÇÅčšžćěřýłęąśżńőű";

/// Marks that stand for themselves, behind their Latin letter: nothing is left of them.
const MARKS: &str = "\
    \u{300}\u{301}\u{302}\u{303}\u{304}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}\
    \u{30f}\u{311}\u{31b}\u{323}\u{324}\u{325}\u{326}\u{327}\u{328}\u{32d}\u{32e}\u{330}\
    \u{331}";

/// Ranges that hold whatever is folded and is not of ASCII.
const FOLDING: &str = "\
    \u{b5}\u{24e}\u{300}\u{556}\u{10a0}\u{10cd}\u{1e00}\u{1ffc}\u{2126}\u{2183}\u{2c00}\
    \u{2cf2}\u{a640}\u{a696}\u{a722}\u{a7aa}\u{ff21}\u{ff3a}\u{10400}\u{10427}";

/// Ranges of what is of no word.
const BETWEEN: &str = "\
    \u{1}\u{2f}\u{3a}\u{40}\u{5b}\u{60}\u{7b}\u{a9}\u{ab}\u{b1}\u{b4}\u{b4}\u{b6}\u{b8}\
    \u{bb}\u{bb}\u{bf}\u{bf}\u{d7}\u{d7}\u{f7}\u{f7}\u{2c2}\u{2c5}\u{2d2}\u{2df}\u{2e5}\
    \u{2eb}\u{2ed}\u{2ed}\u{2ef}\u{2ff}\u{375}\u{375}\u{37e}\u{37e}\u{384}\u{385}\u{387}\
    \u{387}\u{3f6}\u{3f6}\u{482}\u{482}\u{55a}\u{55f}\u{589}\u{58a}\u{58f}\u{58f}\u{5be}\
    \u{5be}\u{5c0}\u{5c0}\u{5c3}\u{5c3}\u{5c6}\u{5c6}\u{5f3}\u{5f4}\u{600}\u{604}\u{606}\
    \u{60f}\u{61b}\u{61b}\u{61e}\u{61f}\u{66a}\u{66d}\u{6d4}\u{6d4}\u{6dd}\u{6de}\u{6e9}\
    \u{6e9}\u{6fd}\u{6fe}\u{700}\u{70d}\u{70f}\u{70f}\u{7f6}\u{7f9}\u{830}\u{83e}\u{85e}\
    \u{85e}\u{964}\u{965}\u{970}\u{970}\u{9f2}\u{9f3}\u{9fa}\u{9fb}\u{af0}\u{af1}\u{b70}\
    \u{b70}\u{bf3}\u{bfa}\u{c7f}\u{c7f}\u{d79}\u{d79}\u{df4}\u{df4}\u{e3f}\u{e3f}\u{e4f}\
    \u{e4f}\u{e5a}\u{e5b}\u{f01}\u{f17}\u{f1a}\u{f1f}\u{f34}\u{f34}\u{f36}\u{f36}\u{f38}\
    \u{f38}\u{f3a}\u{f3d}\u{f85}\u{f85}\u{fbe}\u{fc5}\u{fc7}\u{fcc}\u{fce}\u{fda}\u{104a}\
    \u{104f}\u{109e}\u{109f}\u{10fb}\u{10fb}\u{1360}\u{1368}\u{1390}\u{1399}\u{1400}\
    \u{1400}\u{166d}\u{166e}\u{1680}\u{1680}\u{169b}\u{169c}\u{16eb}\u{16ed}\u{1735}\
    \u{1736}\u{17d4}\u{17d6}\u{17d8}\u{17db}\u{1800}\u{180a}\u{180e}\u{180e}\u{1940}\
    \u{1940}\u{1944}\u{1945}\u{19de}\u{19ff}\u{1a1e}\u{1a1f}\u{1aa0}\u{1aa6}\u{1aa8}\
    \u{1aad}\u{1b5a}\u{1b6a}\u{1b74}\u{1b7c}\u{1bfc}\u{1bff}\u{1c3b}\u{1c3f}\u{1c7e}\
    \u{1c7f}\u{1cc0}\u{1cc7}\u{1cd3}\u{1cd3}\u{1fbd}\u{1fbd}\u{1fbf}\u{1fc1}\u{1fcd}\
    \u{1fcf}\u{1fdd}\u{1fdf}\u{1fed}\u{1fef}\u{1ffd}\u{1ffe}\u{2000}\u{2064}\u{206a}\
    \u{206f}\u{207a}\u{207e}\u{208a}\u{208e}\u{20a0}\u{20b9}\u{2100}\u{2101}\u{2103}\
    \u{2106}\u{2108}\u{2109}\u{2114}\u{2114}\u{2116}\u{2118}\u{211e}\u{2123}\u{2125}\
    \u{2125}\u{2127}\u{2127}\u{2129}\u{2129}\u{212e}\u{212e}\u{213a}\u{213b}\u{2140}\
    \u{2144}\u{214a}\u{214d}\u{214f}\u{214f}\u{2190}\u{23f3}\u{2400}\u{2426}\u{2440}\
    \u{244a}\u{249c}\u{24e9}\u{2500}\u{26ff}\u{2701}\u{2775}\u{2794}\u{2b4c}\u{2b50}\
    \u{2b59}\u{2ce5}\u{2cea}\u{2cf9}\u{2cfc}\u{2cfe}\u{2cff}\u{2d70}\u{2d70}\u{2e00}\
    \u{2e2e}\u{2e30}\u{2e3b}\u{2e80}\u{2e99}\u{2e9b}\u{2ef3}\u{2f00}\u{2fd5}\u{2ff0}\
    \u{2ffb}\u{3000}\u{3004}\u{3008}\u{3020}\u{3030}\u{3030}\u{3036}\u{3037}\u{303d}\
    \u{303f}\u{309b}\u{309c}\u{30a0}\u{30a0}\u{30fb}\u{30fb}\u{3190}\u{3191}\u{3196}\
    \u{319f}\u{31c0}\u{31e3}\u{3200}\u{321e}\u{322a}\u{3247}\u{3250}\u{3250}\u{3260}\
    \u{327f}\u{328a}\u{32b0}\u{32c0}\u{32fe}\u{3300}\u{33ff}\u{4dc0}\u{4dff}\u{a490}\
    \u{a4c6}\u{a4fe}\u{a4ff}\u{a60d}\u{a60f}\u{a673}\u{a673}\u{a67e}\u{a67e}\u{a6f2}\
    \u{a6f7}\u{a700}\u{a716}\u{a720}\u{a721}\u{a789}\u{a78a}\u{a828}\u{a82b}\u{a836}\
    \u{a839}\u{a874}\u{a877}\u{a8ce}\u{a8cf}\u{a8f8}\u{a8fa}\u{a92e}\u{a92f}\u{a95f}\
    \u{a95f}\u{a9c1}\u{a9cd}\u{a9de}\u{a9df}\u{aa5c}\u{aa5f}\u{aa77}\u{aa79}\u{aade}\
    \u{aadf}\u{aaf0}\u{aaf1}\u{abeb}\u{abeb}\u{fb29}\u{fb29}\u{fbb2}\u{fbc1}\u{fd3e}\
    \u{fd3f}\u{fdfc}\u{fdfd}\u{fe10}\u{fe19}\u{fe30}\u{fe52}\u{fe54}\u{fe66}\u{fe68}\
    \u{fe6b}\u{feff}\u{feff}\u{ff01}\u{ff0f}\u{ff1a}\u{ff20}\u{ff3b}\u{ff40}\u{ff5b}\
    \u{ff65}\u{ffe0}\u{ffe6}\u{ffe8}\u{ffee}\u{fff9}\u{ffff}\u{10100}\u{10102}\u{10137}\
    \u{1013f}\u{10179}\u{10189}\u{10190}\u{1019b}\u{101d0}\u{101fc}\u{1039f}\u{1039f}\
    \u{103d0}\u{103d0}\u{10857}\u{10857}\u{1091f}\u{1091f}\u{1093f}\u{1093f}\u{10a50}\
    \u{10a58}\u{10a7f}\u{10a7f}\u{10b39}\u{10b3f}\u{11047}\u{1104d}\u{110bb}\u{110c1}\
    \u{11140}\u{11143}\u{111c5}\u{111c8}\u{12470}\u{12473}\u{1d000}\u{1d0f5}\u{1d100}\
    \u{1d126}\u{1d129}\u{1d164}\u{1d16a}\u{1d16c}\u{1d173}\u{1d17a}\u{1d183}\u{1d184}\
    \u{1d18c}\u{1d1a9}\u{1d1ae}\u{1d1dd}\u{1d200}\u{1d241}\u{1d245}\u{1d245}\u{1d300}\
    \u{1d356}\u{1d6c1}\u{1d6c1}\u{1d6db}\u{1d6db}\u{1d6fb}\u{1d6fb}\u{1d715}\u{1d715}\
    \u{1d735}\u{1d735}\u{1d74f}\u{1d74f}\u{1d76f}\u{1d76f}\u{1d789}\u{1d789}\u{1d7a9}\
    \u{1d7a9}\u{1d7c3}\u{1d7c3}\u{1eef0}\u{1eef1}\u{1f000}\u{1f02b}\u{1f030}\u{1f093}\
    \u{1f0a0}\u{1f0ae}\u{1f0b1}\u{1f0be}\u{1f0c1}\u{1f0cf}\u{1f0d1}\u{1f0df}\u{1f110}\
    \u{1f12e}\u{1f130}\u{1f16b}\u{1f170}\u{1f19a}\u{1f1e6}\u{1f202}\u{1f210}\u{1f23a}\
    \u{1f240}\u{1f248}\u{1f250}\u{1f251}\u{1f300}\u{1f320}\u{1f330}\u{1f335}\u{1f337}\
    \u{1f37c}\u{1f380}\u{1f393}\u{1f3a0}\u{1f3c4}\u{1f3c6}\u{1f3ca}\u{1f3e0}\u{1f3f0}\
    \u{1f400}\u{1f43e}\u{1f440}\u{1f440}\u{1f442}\u{1f4f7}\u{1f4f9}\u{1f4fc}\u{1f500}\
    \u{1f53d}\u{1f540}\u{1f543}\u{1f550}\u{1f567}\u{1f5fb}\u{1f640}\u{1f645}\u{1f64f}\
    \u{1f680}\u{1f6c5}\u{1f700}\u{1f773}\u{e0001}\u{e0001}\u{e0020}\u{e007f}";

/// Latin letters by what is left of them without their marks and capitals.
const LETTERS: [(char, &str); 25] = [
    ('a', "ÀÁÂÃÄÅàáâãäåĀāĂăĄąǍǎǞǟǺǻȀȁȂȃȦȧḀḁẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặ\u{212b}"),
    ('b', "ḂḃḄḅḆḇ"),
    ('c', "ÇçĆćĈĉĊċČčḈḉ"),
    ('d', "ĎďḊḋḌḍḎḏḐḑḒḓ"),
    ('e', "ÈÉÊËèéêëĒēĔĕĖėĘęĚěȄȅȆȇȨȩḔḕḖḗḘḙḚḛḜḝẸẹẺẻẼẽẾếỀềỂểỄễỆệ"),
    ('f', "Ḟḟ"),
    ('g', "ĜĝĞğĠġĢģǦǧǴǵḠḡ"),
    ('h', "ĤĥȞȟḢḣḤḥḦḧḨḩḪḫẖ"),
    ('i', "ÌÍÎÏìíîïĨĩĪīĬĭĮįİǏǐȈȉȊȋḬḭḮḯỈỉỊị"),
    ('j', "Ĵĵǰ"),
    ('k', "ĶķǨǩḰḱḲḳḴḵ\u{212a}"),
    ('l', "ĹĺĻļĽľḶḷḸḹḺḻḼḽ"),
    ('m', "ḾḿṀṁṂṃ"),
    ('n', "ÑñŃńŅņŇňǸǹṄṅṆṇṈṉṊṋ"),
    ('o', "ÒÓÔÕÖòóôõöŌōŎŏŐőƠơǑǒǪǫǬǭȌȍȎȏȪȫȬȭȮȯȰȱṌṍṎṏṐṑṒṓỌọỎỏỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợ"),
    ('p', "ṔṕṖṗ"),
    ('r', "ŔŕŖŗŘřȐȑȒȓṘṙṚṛṜṝṞṟ"),
    ('s', "ŚśŜŝŞşŠšſȘșṠṡṢṣṤṥṦṧṨṩẛ"),
    ('t', "ŢţŤťȚțṪṫṬṭṮṯṰṱẗ"),
    ('u', "ÙÚÛÜùúûüŨũŪūŬŭŮůŰűŲųƯưǓǔǕǖǗǘǙǚǛǜȔȕȖȗṲṳṴṵṶṷṸṹṺṻỤụỦủỨứỪừỬửỮữỰự"),
    ('v', "ṼṽṾṿ"),
    ('w', "ŴŵẀẁẂẃẄẅẆẇẈẉẘ"),
    ('x', "ẊẋẌẍ"),
    ('y', "ÝýÿŶŷŸȲȳẎẏẙỲỳỴỵỶỷỸỹ"),
    ('z', "ŹźŻżŽžẐẑẒẓẔẕ"),
];

/// Capitals of Cyrillic and Greek letters, and what they count as.
const CAPITALS: [(&str, &str); 4] = [
    ("ЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУ", "ѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрсту"),
    ("ФХЦЧШЩЪЫЬЭЮЯͰͲͶΆΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞ", "фхцчшщъыьэюяͱͳͷάέήίόύώαβγδεζηθικλμνξ"),
    ("ΟΠΡΣΤΥΦΧΨΩΪΫςϏϐϑϕϖϘϚϜϞϠϢϤϦϨϪϬϮϰϱϴϵϷϹ", "οπρστυφχψωϊϋσϗβθφπϙϛϝϟϡϣϥϧϩϫϭϯκρθεϸϲ"),
    ("ϺϽϾϿ", "ϻͻͼͽ"),
];

/// The rest that counts as another letter.
const RARE: [(&str, &str); 31] = [
    ("µÆÐØÞĐĦĲĿŁŊŒŦƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƢƤƦ", "μæðøþđħĳŀłŋœŧɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵƣƥʀ"),
    ("ƧƩƬƮƱƲƳƵƷƸƼǄǅǇǈǊǋǠǢǤǮǱǲǶǷǼǾȜȠȢȤȺȻȽȾɁ", "ƨʃƭʈʊʋƴƶʒƹƽǆǆǉǉǌǌǡǣǥǯǳǳƕƿǽǿȝƞȣȥⱥȼƚⱦɂ"),
    ("ɃɄɅɆɈɊɌɎ\u{345}ѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐ", "ƀʉʌɇɉɋɍɏιѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґ"),
    ("ҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘ", "ғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗә"),
    ("ӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠ", "ӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡ"),
    ("ԢԤԦԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑ", "ԣԥԧաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրց"),
    ("ՒՓՔՕՖႠႡႢႣႤႥႦႧႨႩႪႫႬႭႮႯႰႱႲႳႴႵႶႷႸႹႺႻႼႽႾ", "ւփքօֆⴀⴁⴂⴃⴄⴅⴆⴇⴈⴉⴊⴋⴌⴍⴎⴏⴐⴑⴒⴓⴔⴕⴖⴗⴘⴙⴚⴛⴜⴝⴞ"),
    ("ႿჀჁჂჃჄჅჇჍẞỺỼỾἈἉἊἋἌἍἎἏἘἙἚἛἜἝἨἩἪἫἬἭἮἯἸ", "ⴟⴠⴡⴢⴣⴤⴥⴧⴭßỻỽỿἀἁἂἃἄἅἆἇἐἑἒἓἔἕἠἡἢἣἤἥἦἧἰ"),
    ("ἹἺἻἼἽἾἿὈὉὊὋὌὍὙὛὝὟὨὩὪὫὬὭὮὯᾈᾉᾊᾋᾌᾍᾎᾏᾘᾙᾚ", "ἱἲἳἴἵἶἷὀὁὂὃὄὅὑὓὕὗὠὡὢὣὤὥὦὧᾀᾁᾂᾃᾄᾅᾆᾇᾐᾑᾒ"),
    ("ᾛᾜᾝᾞᾟᾨᾩᾪᾫᾬᾭᾮᾯᾸᾹᾺ\u{1fbb}ᾼ\u{1fbe}Ὲ\u{1fc9}", "ᾓᾔᾕᾖᾗᾠᾡᾢᾣᾤᾥᾦᾧᾰᾱὰ\u{1f71}ᾳιὲ\u{1f73}"),
    ("Ὴ\u{1fcb}ῌῘῙῚ\u{1fdb}ῨῩῪ\u{1feb}ῬῸ\u{1ff9}", "ὴ\u{1f75}ῃῐῑὶ\u{1f77}ῠῡὺ\u{1f7b}ῥὸ\u{1f79}"),
    ("Ὼ\u{1ffb}ῼ\u{2126}Ⅎ\u{2160}\u{2161}\u{2162}", "ὼ\u{1f7d}ῳωⅎ\u{2170}\u{2171}\u{2172}"),
    ("\u{2163}\u{2164}\u{2165}\u{2166}\u{2167}", "\u{2173}\u{2174}\u{2175}\u{2176}\u{2177}"),
    ("\u{2168}\u{2169}\u{216a}\u{216b}\u{216c}", "\u{2178}\u{2179}\u{217a}\u{217b}\u{217c}"),
    ("\u{216d}\u{216e}\u{216f}ↃⰀⰁⰂⰃⰄⰅⰆⰇⰈⰉⰊ", "\u{217d}\u{217e}\u{217f}ↄⰰⰱⰲⰳⰴⰵⰶⰷⰸⰹⰺ"),
    ("ⰋⰌⰍⰎⰏⰐⰑⰒⰓⰔⰕⰖⰗⰘⰙⰚⰛⰜⰝⰞⰟⰠⰡⰢⰣⰤⰥⰦⰧⰨⰩⰪⰫⰬⰭⰮ", "ⰻⰼⰽⰾⰿⱀⱁⱂⱃⱄⱅⱆⱇⱈⱉⱊⱋⱌⱍⱎⱏⱐⱑⱒⱓⱔⱕⱖⱗⱘⱙⱚⱛⱜⱝⱞ"),
    ("ⱠⱢⱣⱤⱧⱩⱫⱭⱮⱯⱰⱲⱵⱾⱿⲀⲂⲄⲆⲈⲊⲌⲎⲐⲒⲔⲖⲘⲚⲜⲞⲠⲢⲤⲦⲨ", "ⱡɫᵽɽⱨⱪⱬɑɱɐɒⱳⱶȿɀⲁⲃⲅⲇⲉⲋⲍⲏⲑⲓⲕⲗⲙⲛⲝⲟⲡⲣⲥⲧⲩ"),
    ("ⲪⲬⲮⲰⲲⲴⲶⲸⲺⲼⲾⳀⳂⳄⳆⳈⳊⳌⳎⳐⳒⳔⳖⳘⳚⳜⳞⳠⳢⳫⳭⳲꙀꙂꙄꙆ", "ⲫⲭⲯⲱⲳⲵⲷⲹⲻⲽⲿⳁⳃⳅⳇⳉⳋⳍⳏⳑⳓⳕⳗⳙⳛⳝⳟⳡⳣⳬⳮⳳꙁꙃꙅꙇ"),
    ("ꙈꙊꙌꙎꙐꙒꙔꙖꙘꙚꙜꙞꙠꙢꙤꙦꙨꙪꙬꚀꚂꚄꚆꚈꚊꚌꚎꚐꚒꚔꚖꜢꜤꜦꜨꜪ", "ꙉꙋꙍꙏꙑꙓꙕꙗꙙꙛꙝꙟꙡꙣꙥꙧꙩꙫꙭꚁꚃꚅꚇꚉꚋꚍꚏꚑꚓꚕꚗꜣꜥꜧꜩꜫ"),
    ("ꜬꜮꜲꜴꜶꜸꜺꜼꜾꝀꝂꝄꝆꝈꝊꝌꝎꝐꝒꝔꝖꝘꝚꝜꝞꝠꝢꝤꝦꝨꝪꝬꝮꝹꝻꝽ", "ꜭꜯꜳꜵꜷꜹꜻꜽꜿꝁꝃꝅꝇꝉꝋꝍꝏꝑꝓꝕꝗꝙꝛꝝꝟꝡꝣꝥꝧꝩꝫꝭꝯꝺꝼᵹ"),
    (
        "ꝾꞀꞂꞄꞆꞋꞍꞐꞒꞠꞢꞤꞦꞨꞪＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵ",
        "ꝿꞁꞃꞅꞇꞌɥꞑꞓꞡꞣꞥꞧꞩɦａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕ",
    ),
    (
        "ＶＷＸＹＺ\u{10400}\u{10401}\u{10402}\u{10403}",
        "ｖｗｘｙｚ\u{10428}\u{10429}\u{1042a}\u{1042b}",
    ),
    ("\u{10404}\u{10405}\u{10406}\u{10407}", "\u{1042c}\u{1042d}\u{1042e}\u{1042f}"),
    ("\u{10408}\u{10409}\u{1040a}\u{1040b}", "\u{10430}\u{10431}\u{10432}\u{10433}"),
    ("\u{1040c}\u{1040d}\u{1040e}\u{1040f}", "\u{10434}\u{10435}\u{10436}\u{10437}"),
    ("\u{10410}\u{10411}\u{10412}\u{10413}", "\u{10438}\u{10439}\u{1043a}\u{1043b}"),
    ("\u{10414}\u{10415}\u{10416}\u{10417}", "\u{1043c}\u{1043d}\u{1043e}\u{1043f}"),
    ("\u{10418}\u{10419}\u{1041a}\u{1041b}", "\u{10440}\u{10441}\u{10442}\u{10443}"),
    ("\u{1041c}\u{1041d}\u{1041e}\u{1041f}", "\u{10444}\u{10445}\u{10446}\u{10447}"),
    ("\u{10420}\u{10421}\u{10422}\u{10423}", "\u{10448}\u{10449}\u{1044a}\u{1044b}"),
    ("\u{10424}\u{10425}\u{10426}\u{10427}", "\u{1044c}\u{1044d}\u{1044e}\u{1044f}"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_digits_and_their_marks() {
        let words = |text: &str| of(text).join("|");
        assert_eq!(words("Crème BRÛLÉE, Ångström, e\u{301}t"), "creme|brulee|angstrom|et");
        assert_eq!(words("me@x.org https://y.org/a_b?c=1"), "me|x|org|https|y|org|a|b|c|1");
        assert_eq!(words("10.000 node.js v18.2 foo-bar"), "10|000|node|js|v18|2|foo|bar");
        assert_eq!(words("ПРИВЕТ, мир! ΣΊΣΥΦΟΣ straße 日本"), "привет|мир|σίσυφοσ|straße|日本");
        assert_eq!(words("हिन्दी ภาษาไทย"), "हिन्दी|ภาษาไทย");
        assert_eq!(words(" '*-\u{301}( "), "");
        assert_eq!(of(&"x".repeat(300)), ["x".repeat(255)]);
        assert_eq!(asked(&"a ".repeat(40)).len(), 16);
    }

    #[test]
    fn letters_have_one_counterpart_or_none() {
        let sql = folded("t");
        let sql = sql.split_once("translate(t, '").unwrap().1.strip_suffix("') END").unwrap();
        let (from, to) = sql.split_once("', '").unwrap();
        assert!(!from.contains('\'') && !to.contains('\''));
        assert_eq!(from.chars().count(), to.chars().count() + MARKS.chars().count());
        let mut seen = std::collections::BTreeSet::new();
        let once = |letter: &char| !seen.insert(*letter);
        let again: String = from.chars().filter(once).collect();
        assert!(again.chars().all(|letter| MARKED.contains(letter)), "{again}");
        for (from, to) in from.chars().zip(to.chars()) {
            assert_eq!(fold(from), to);
        }
        for (capitals, letters) in CAPITALS.iter().chain(&RARE) {
            assert_eq!(capitals.chars().count(), letters.chars().count());
        }
    }
}
