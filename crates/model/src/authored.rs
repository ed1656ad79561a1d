//! The grammar of everything that people write in YAML, as data: readers check documents against it, and editors get
//! JSON Schemas of it.

/// What may stand at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// A name: letters, digits and `-`, `_`, `.`, `&`, `(`, `)`, without spaces.
    Id,
    /// A day, `2026-11-21`.
    Date,
    /// A length of time: `12 months`, `90 days`, `P1Y`.
    Length,
    /// A length of time, or `indefinite`.
    LengthOrNone,
    /// A SHA-256 digest: 64 hexadecimal digits, after `sha256:` or by themselves.
    Digest,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Bool,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list.
    List(&'static Shape),
    /// One, or a list of them.
    OneOrMore(&'static Shape),
    /// Keys that the author chooses, with values of one shape.
    Map(&'static Shape),
    /// Keys that are known.
    Record(&'static Record),
    /// Text for the common case, or a record for the rest.
    TextOr(&'static Record),
    /// A Cedar condition as text, or facts of a deployment with the values that they may have.
    Condition,
    /// Text, a number, or true and false: the value of a parameter.
    Scalar,
}

/// A mapping with known keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is called; for a whole document the key that begins it.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its keys, in the order in which people write them.
    pub keys: &'static [Key],
}

/// A key of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What may stand there.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What it is for.
    pub doc: &'static str,
}

const fn must(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key {
        name,
        shape,
        required: true,
        doc,
    }
}

const fn may(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key {
        name,
        shape,
        required: false,
        doc,
    }
}

use Shape::{
    Bool, Condition, Date, Digest, Id, Integer, Length, LengthOrNone, List, Map, OneOf, OneOrMore,
    Record as Rec, Scalar, Text, TextOr,
};

const TEXTS: Shape = OneOrMore(&Text);
const IDS: Shape = OneOrMore(&Id);

/// Severities, mildest first.
pub const SEVERITIES: &[&str] = &["low", "medium", "high", "critical"];

/// How often something is done.
pub const FREQUENCIES: &[&str] = &[
    "day",
    "week",
    "month",
    "quarter",
    "half-year",
    "year",
    "event",
];

/// What an attestation can be.
pub const ATTESTATION_TYPES: &[&str] = &[
    "soc2-type-1",
    "soc2-type-2",
    "certificate",
    "attestation-of-compliance",
    "self-certification",
    "self-assessment",
    "contract",
];

/// A body of requirements.
pub const FRAMEWORK: Record = Record {
    name: "framework",
    doc: "A body of requirements that somebody is held to.",
    keys: &[
        must("framework", Id, "its id"),
        must("title", Text, "what people call it"),
        must("version", Id, "the edition that the requirements are of"),
        may(
            "editions",
            IDS,
            "how reports write that edition: one that names another, or none, is no proof",
        ),
        may("aliases", IDS, "other names that people write for its id"),
        may("source", Text, "where it is published"),
        may("licence", Text, "what of it may be shipped"),
        must(
            "requirements",
            List(&Rec(&REQUIREMENT)),
            "what it demands, in its own order",
        ),
        may(
            "groups",
            List(&Rec(&GROUP)),
            "labels of series, which are no requirements",
        ),
        may(
            "misspelt",
            List(&Rec(&MISSPELT)),
            "ids that are written and do not exist",
        ),
        may(
            "profiles",
            List(&Rec(&PROFILE)),
            "selections of requirements",
        ),
    ],
};

/// Something a framework demands.
pub const REQUIREMENT: Record = Record {
    name: "requirement",
    doc: "Something that a framework demands.",
    keys: &[
        must("id", Id, "its official id"),
        may(
            "title",
            Text,
            "in our own words; without it, that of what it stands within",
        ),
        may(
            "within",
            Id,
            "the requirement or group that it is a part of",
        ),
        may(
            "category",
            Text,
            "the category that an attestation may cover: `availability`",
        ),
        may(
            "implementation",
            OneOf(&["required", "addressable"]),
            "whether a documented alternative may take its place",
        ),
        may("names", IDS, "other spellings of its id"),
    ],
};

/// A label of a series.
pub const GROUP: Record = Record {
    name: "group",
    doc: "A label of a series of requirements. It is not one itself.",
    keys: &[
        must("id", Id, "the label"),
        must("title", Text, "what people call it"),
        may("within", Id, "the group that it is a part of"),
    ],
};

/// An id that does not exist.
pub const MISSPELT: Record = Record {
    name: "misspelt",
    doc: "An id that is written in the wild and does not exist.",
    keys: &[
        must("id", Id, "as it is written"),
        must("means", IDS, "what is most likely meant"),
        may("note", Text, "why it does not exist"),
    ],
};

/// A selection of requirements.
pub const PROFILE: Record = Record {
    name: "profile",
    doc: "A named selection of requirements: a baseline, a category, a questionnaire.",
    keys: &[
        must("id", Id, "its id within the framework"),
        must("title", Text, "what people call it"),
        may("extends", IDS, "profiles whose requirements it takes over"),
        may(
            "requirements",
            IDS,
            "ids, ranges and patterns: `CC6.1`, `CC6.1-6.8`, `CC6.*`",
        ),
    ],
};

/// A mapping between frameworks.
pub const CROSSWALK: Record = Record {
    name: "crosswalk",
    doc: "Which requirements of other frameworks intersect with those of one. It suggests, and never confers a status.",
    keys: &[
        must("crosswalk", Id, "its id"),
        must("title", Text, "what people call it"),
        must("from", Id, "the framework of the left side"),
        may("source", Text, "who made it"),
        may("licence", Text, "under which terms"),
        must("rows", List(&Rec(&CROSSWALK_ROW)), "the pairs"),
    ],
};

/// One row of a crosswalk.
pub const CROSSWALK_ROW: Record = Record {
    name: "row",
    doc: "What intersects with one requirement.",
    keys: &[
        must("from", Id, "a requirement of the left framework"),
        must("to", IDS, "requirements, as `framework/requirement`"),
        may(
            "confirmed",
            IDS,
            "those of them that an independent mapping has, too",
        ),
    ],
};

/// Something that is done to meet requirements.
pub const CONTROL: Record = Record {
    name: "control",
    doc: "Something that is done to meet requirements, and what shows that it is done.",
    keys: &[
        must("control", Id, "its id, and the name of its file"),
        must("title", Text, "what people call it"),
        may(
            "domain",
            Text,
            "the field that it belongs to: `access control`",
        ),
        may(
            "severity",
            OneOf(SEVERITIES),
            "how bad it is when it is not met; `medium` where nothing is said",
        ),
        may("owner", Text, "the role that answers for it"),
        may(
            "satisfies",
            List(&TextOr(&SATISFIES)),
            "requirements, in part unless `full` says why it is all",
        ),
        may(
            "covers",
            List(&TextOr(&COVERS)),
            "rows of documents: `PA-054`; by all that the control has unless `by` says by what",
        ),
        may(
            "responsibility",
            Id,
            "the area that is shared with a provider, as `provider/area`",
        ),
        may(
            "checks",
            List(&TextOr(&CHECK_LINK)),
            "the checks that show it",
        ),
        may(
            "evidence",
            List(&Rec(&EVIDENCE)),
            "the records that show it",
        ),
        may(
            "statement",
            OneOrMore(&Rec(&STATEMENT_RULE)),
            "what a person must say; several where parts differ",
        ),
        may(
            "planned",
            Text,
            "that it is promised and not there: by when, or why",
        ),
        may("remediation", Text, "what to do when it is not satisfied"),
        may("reviewed", Date, "when its text was last reviewed"),
        may("review_by", Date, "when it is to be reviewed again"),
    ],
};

/// A link to a requirement.
pub const SATISFIES: Record = Record {
    name: "satisfies",
    doc: "A link to a requirement.",
    keys: &[
        must(
            "requirement",
            Id,
            "as `framework/requirement`; ranges and patterns are taken",
        ),
        may("full", Text, "why the control covers all of it"),
    ],
};

/// A link to a row of a document.
pub const COVERS: Record = Record {
    name: "covers",
    doc: "A link to a row of a document.",
    keys: &[
        must("row", Id, "its id"),
        may(
            "by",
            IDS,
            "what of the control covers it: the id of a check or of evidence, `statement`, `responsibility`, `matrix`, `lint/OBSERVATION`, or `lint/refused` where the model itself is refused",
        ),
    ],
};

/// A link to a check.
pub const CHECK_LINK: Record = Record {
    name: "check",
    doc: "A link to a check.",
    keys: &[
        must("check", Id, "its id"),
        may("part", Id, "the part of the area that it shows"),
    ],
};

/// Records that are kept.
pub const EVIDENCE: Record = Record {
    name: "evidence",
    doc: "Records that are kept of something that is done.",
    keys: &[
        must("evidence", Id, "its id"),
        must("title", Text, "what is recorded"),
        may("part", Id, "the part of the area that it shows"),
        must(
            "path",
            Text,
            "where the records are: `access-reviews/{year}-Q{quarter}.md`",
        ),
        may(
            "every",
            OneOf(FREQUENCIES),
            "how often; without it, one record that `max_age` limits",
        ),
        may(
            "events",
            Text,
            "where events are recorded, as a pattern with the same names: `incidents/{id}.yaml`",
        ),
        may("max_age", Length, "how old the newest record may be"),
        may("starts", Date, "when it began"),
        may(
            "first",
            OneOf(&["partial", "full"]),
            "whether the period in which it began counts; `full` where nothing is said",
        ),
        may(
            "grace",
            Length,
            "how long after a period it may still be done",
        ),
        may("retention", LengthOrNone, "how long records are kept"),
        may("by", Text, "the role that does it"),
        may(
            "kind",
            OneOf(&["record", "document", "access-review"]),
            "`document` for a document with its own review date; `access-review` for one that is decided row by row",
        ),
    ],
};

/// That a person must say so.
pub const STATEMENT_RULE: Record = Record {
    name: "statement",
    doc: "That a person must say so.",
    keys: &[
        may("by", Text, "the role that says it"),
        may("part", Id, "the part of the area that it shows"),
        may("due", Date, "by when; after that day it is overdue"),
        may(
            "valid",
            Length,
            "how long it holds; 12 months where nothing is said",
        ),
        may("ask", Text, "the question that the person answers"),
    ],
};

/// How a row of a document can be held against what is there.
pub const METHODS: &[&str] = &["cedar", "freshness", "lint", "manual", "file-or-coverage"];

/// A document taken apart.
pub const REQUIREMENTS: Record = Record {
    name: "requirements",
    doc: "A document taken apart into rows, so that what covers each of them can be seen.",
    keys: &[
        must("requirements", Id, "the system that the document is about"),
        must("title", Text, "what people call it"),
        may("source", Text, "the document"),
        may("as_of", Date, "the day that it was taken apart"),
        must("rows", List(&Rec(&ROW)), "in the order of the document"),
    ],
};

/// A row of a document.
pub const ROW: Record = Record {
    name: "document row",
    doc: "One thing that a document demands, promises or states.",
    keys: &[
        must("row", Id, "its id, which no other document has"),
        must("statement", Text, "what it says, in your own words"),
        may("kind", Text, "what sort of thing it is"),
        may("lines", Scalar, "the lines of the document: `14-19`"),
        may(
            "methods",
            OneOrMore(&OneOf(METHODS)),
            "how it can be held against what is there: `cedar`, by a decision; `freshness`, by records; `lint`, by reading documents and the model; `manual`, by what a person says; `file-or-coverage`",
        ),
        may(
            "out_of_scope",
            Text,
            "why nothing is to be done about it; no control covers it then",
        ),
        may(
            "unmet",
            Map(&Text),
            "methods that do not work here, each with the reason",
        ),
    ],
};

/// Somebody who may have a duty.
pub const PARTY: Record = Record {
    name: "party",
    doc: "A provider, with what it offers.",
    keys: &[
        must("party", Id, "its id"),
        must("title", Text, "what people call it"),
        may("plans", List(&TextOr(&CHOICE)), "the plans that it sells"),
        may(
            "offerings",
            List(&TextOr(&CHOICE)),
            "kinds of the product, such as `grid` and `dedicated`",
        ),
        may(
            "regions",
            List(&TextOr(&CHOICE)),
            "the regions that a deployment can be in",
        ),
        may(
            "region_types",
            List(&TextOr(&CHOICE)),
            "types that one region can have: `standard`, `hipaa`",
        ),
        may(
            "components",
            List(&TextOr(&CHOICE)),
            "parts of the product that a scope can name",
        ),
        may(
            "region_suffix",
            Text,
            "what may stand behind a region's name: `.platform.sh`",
        ),
        may(
            "files",
            TEXTS,
            "files of a repository that show that it is used, as paths with `*`",
        ),
        may("source", Text, "where this is published"),
        may("as_of", Date, "the day that it was true"),
        may("review_by", Date, "the day until which it is relied on"),
    ],
};

/// Something that a provider offers.
pub const CHOICE: Record = Record {
    name: "choice",
    doc: "A plan, an offering, a region, a type of region or a component.",
    keys: &[
        must("id", Id, "its id; letter case does not matter"),
        may("title", Text, "what people call it"),
        may("names", IDS, "other spellings"),
        may("on", Id, "the party that hosts it"),
        may(
            "plans",
            IDS,
            "the plans that it can be had with; all where nothing is said",
        ),
        may("from", Date, "the first day that it could be had"),
        may("until", Date, "the last day"),
    ],
};

/// Who does what.
pub const RESPONSIBILITY: Record = Record {
    name: "responsibility",
    doc: "A provider's responsibility matrix: who does what.",
    keys: &[
        must("responsibility", Id, "its id"),
        must("title", Text, "what people call it"),
        must("of", Id, "the provider"),
        may(
            "framework",
            Id,
            "the framework whose own matrix this is: it wins over the general one",
        ),
        may("source", Text, "where this is published"),
        may("as_of", Date, "the day that it was true"),
        may("review_by", Date, "the day until which it is relied on"),
        must("areas", List(&Rec(&AREA)), "what is divided"),
    ],
};

/// Something that is divided.
pub const AREA: Record = Record {
    name: "area",
    doc: "Something that is divided among parties, such as backups.",
    keys: &[
        must("area", Id, "its id"),
        must("title", Text, "what people call it"),
        may(
            "requirements",
            IDS,
            "in a framework's own matrix: the requirements that this row is about",
        ),
        may(
            "subtype",
            OneOf(&["independent", "dependent"]),
            "whether one party can only act when the other has; SSRM",
        ),
        must(
            "parts",
            List(&Rec(&PART)),
            "the parts; each has one accountable party",
        ),
    ],
};

/// A part of an area.
pub const PART: Record = Record {
    name: "part",
    doc: "A part of an area, for which one party is accountable.",
    keys: &[
        must("part", Id, "its id"),
        must("title", Text, "what is to be done"),
        may(
            "accountable",
            Id,
            "`provider`, `customer`, or a party; where it depends, see `assign`",
        ),
        may(
            "performs",
            IDS,
            "the parties that do it; `host` is whoever hosts the region",
        ),
        may("assign", List(&Rec(&ASSIGNMENT)), "who is accountable when"),
        may(
            "both",
            Text,
            "that the source names both and does not say who does what, in its words",
        ),
        may("not_applicable", Text, "why nobody has to do it"),
        may(
            "inheritable",
            IDS,
            "requirements that a customer may inherit with this part, as `framework/requirement`, ranges and patterns",
        ),
        may(
            "customer_setting",
            Bool,
            "that it is a setting on the customer's side, whoever is accountable",
        ),
        may("quote", Text, "where the source says so"),
    ],
};

/// Who is accountable when.
pub const ASSIGNMENT: Record = Record {
    name: "assignment",
    doc: "Who is accountable when.",
    keys: &[
        must(
            "when",
            Condition,
            "facts of the deployment, or a Cedar condition",
        ),
        must("accountable", Id, "`provider`, `customer`, or a party"),
        may("performs", IDS, "the parties that do it"),
        may("from", Date, "the first day that this holds"),
        may("until", Date, "the last day"),
        may("quote", Text, "where the source says so"),
    ],
};

/// What somebody independent, or the provider itself, says of a provider.
pub const ATTESTATION: Record = Record {
    name: "attestation",
    doc: "What is said of a provider, and by whom. Packs ship terms; the user adds the proof.",
    keys: &[
        must("attestation", Id, "its id"),
        may(
            "terms",
            Id,
            "the attestation of a pack that this is the proof of; whatever is not said here is taken from there",
        ),
        may("title", Text, "what people call it"),
        may("of", Id, "the provider"),
        may("framework", Id, "the framework that it speaks of"),
        may("edition", Id, "the edition of the framework"),
        may("type", OneOf(ATTESTATION_TYPES), "what it is"),
        may(
            "status",
            OneOf(&["attested", "planned", "lapsed"]),
            "whether it is there; `attested` where nothing is said",
        ),
        may("due", Date, "when a planned one was promised for"),
        may(
            "categories",
            TEXTS,
            "the categories that it covers; where neither these nor `criteria` are given, all",
        ),
        may(
            "criteria",
            IDS,
            "the requirements that it covers: ids, ranges, patterns",
        ),
        may(
            "exceptions",
            List(&Rec(&EXCEPTION)),
            "requirements that the auditor found exceptions to",
        ),
        may(
            "opinion",
            OneOf(&["unqualified", "qualified", "adverse", "disclaimer"]),
            "the auditor's opinion",
        ),
        may("auditor", Text, "who audited"),
        may(
            "scope",
            OneOrMore(&Rec(&SCOPE)),
            "which deployments it covers; of several, the newest that has begun",
        ),
        may("period", Rec(&PERIOD), "the time that it speaks of"),
        may("issued", Date, "when it was issued"),
        may("expires", Date, "its last day"),
        may("bridge", Rec(&BRIDGE), "a bridge letter"),
        may(
            "subservice",
            List(&Rec(&SUBSERVICE)),
            "providers of the provider",
        ),
        may(
            "cuecs",
            List(&Rec(&CUEC)),
            "controls that the provider expects of its customers",
        ),
        may(
            "mapped",
            Map(&IDS),
            "which controls of ours meet which of those",
        ),
        may(
            "agreements",
            IDS,
            "kinds of agreements that must be signed: `baa`",
        ),
        may("report", Rec(&REPORT), "the report that the user holds"),
        may("reviewed", Rec(&REVIEWED), "who of us read it"),
        may("source", Text, "where this is published"),
        may("as_of", Date, "the day that it was true"),
        may("review_by", Date, "the day until which it is relied on"),
    ],
};

/// An exception that an auditor found.
pub const EXCEPTION: Record = Record {
    name: "exception",
    doc: "An exception that an auditor found.",
    keys: &[
        must("criteria", IDS, "the requirements"),
        may("note", Text, "what was found"),
    ],
};

/// Which deployments an attestation covers.
pub const SCOPE: Record = Record {
    name: "scope",
    doc: "Which deployments are covered. What is not named is not limited.",
    keys: &[
        may("from", Date, "the first day that this holds"),
        may("until", Date, "the last day"),
        may("plans", IDS, "only these plans"),
        may("offerings", IDS, "only these offerings"),
        may("regions", IDS, "only these regions"),
        may("except_regions", IDS, "all regions but these"),
        may("region_types", IDS, "only these types of regions"),
        may("components", IDS, "only these components"),
        may("except_components", IDS, "all components but these"),
        may("source", Text, "where this is published"),
    ],
};

/// A time from one day to another.
pub const PERIOD: Record = Record {
    name: "period",
    doc: "From one day to another, both within.",
    keys: &[
        must("from", Date, "the first day"),
        must("to", Date, "the last day"),
    ],
};

/// A bridge letter.
pub const BRIDGE: Record = Record {
    name: "bridge",
    doc: "A letter of the provider that nothing has changed since the period ended.",
    keys: &[
        must("issued", Date, "its date"),
        must("to", Date, "the last day that it speaks of"),
    ],
};

/// A provider of the provider.
pub const SUBSERVICE: Record = Record {
    name: "subservice",
    doc: "A provider of the provider.",
    keys: &[
        must("party", Id, "who"),
        must(
            "method",
            OneOf(&["carve-out", "inclusive"]),
            "whether the report leaves it out or includes it",
        ),
        may(
            "criteria",
            IDS,
            "the requirements that it is about; all where nothing is said",
        ),
    ],
};

/// A control that a provider expects of its customers.
pub const CUEC: Record = Record {
    name: "cuec",
    doc: "A complementary user entity control: what the provider expects of its customers.",
    keys: &[
        must("id", Id, "its id in the report"),
        must("title", Text, "what is expected"),
        may(
            "criteria",
            IDS,
            "the requirements that it is about; all where nothing is said",
        ),
    ],
};

/// A report that the user holds.
pub const REPORT: Record = Record {
    name: "report",
    doc: "The report that the user holds.",
    keys: &[
        must("locator", Text, "where it is kept"),
        must("sha256", Digest, "its digest"),
    ],
};

/// Who of us read it.
pub const REVIEWED: Record = Record {
    name: "reviewed",
    doc: "Who of us read the report.",
    keys: &[
        must("by", Text, "who"),
        must("on", Date, "when"),
        may(
            "again_by",
            Date,
            "when to read it again; 12 months later where nothing is said",
        ),
    ],
};

/// A promise between two parties.
pub const AGREEMENT: Record = Record {
    name: "agreement",
    doc: "A contract with a provider. Available is not signed.",
    keys: &[
        must("agreement", Id, "its id"),
        must("kind", Id, "`baa`, `dpa`, …"),
        must("with", Id, "the provider"),
        must(
            "status",
            OneOf(&["signed", "available", "planned", "terminated"]),
            "how it stands",
        ),
        may("signed", Date, "when it was signed"),
        may("expires", Date, "its last day"),
        may("document", Text, "where it is kept"),
        may("sha256", Digest, "the digest of the document"),
    ],
};

/// What a person says.
pub const STATEMENT: Record = Record {
    name: "statement",
    doc: "What a person says of a control or a requirement.",
    keys: &[
        must("statement", Id, "its id"),
        may("control", Id, "the control that it is about"),
        may("part", Id, "the part of its area"),
        may(
            "requirement",
            Id,
            "the requirement that it is about, as `framework/requirement`",
        ),
        may(
            "deployments",
            IDS,
            "the deployments that it is about; all where nothing is said",
        ),
        must(
            "says",
            OneOf(&["implemented", "alternative", "not-applicable"]),
            "what is said",
        ),
        must("reason", Text, "why, or how"),
        must("by", Text, "who"),
        must("role", Text, "in which role"),
        must("on", Date, "when"),
        may(
            "until",
            Date,
            "the last day that it holds; 12 months later where nothing is said",
        ),
        may(
            "assessment",
            Text,
            "the file with the assessment behind an alternative",
        ),
    ],
};

/// A record that is kept elsewhere.
pub const RECORD: Record = Record {
    name: "record",
    doc: "A record of evidence that is kept outside the repository.",
    keys: &[
        must("record", Id, "the evidence that it belongs to"),
        must("period", Text, "the period or event: `2026-Q3`"),
        must("locator", Text, "where it is kept"),
        must("sha256", Digest, "its digest"),
        must("performed_by", Text, "who did it"),
        must("performed_on", Date, "when"),
        must(
            "result",
            OneOf(&["satisfactory", "adverse"]),
            "what came out",
        ),
        may("scope", Text, "what was looked at"),
        may("open_exceptions", Integer, "how many exceptions are open"),
    ],
};

/// What is accepted for a time.
pub const WAIVER: Record = Record {
    name: "waiver",
    doc: "A failure that is accepted for a time.",
    keys: &[
        must("waiver", Id, "its id"),
        may("check", Id, "the check that is waived"),
        may("control", Id, "or the control"),
        may(
            "target",
            Text,
            "the targets, as an id with `*`; all where nothing is said",
        ),
        may(
            "path",
            Text,
            "the files, as a path with `*`; all where nothing is said",
        ),
        may(
            "deployments",
            IDS,
            "the deployments; all where nothing is said",
        ),
        must(
            "kind",
            OneOf(&["exception", "false-positive", "compensating"]),
            "why it may be",
        ),
        must("reason", Text, "why"),
        must("owner", Text, "who answers for it"),
        must("requested_by", Text, "who asked for it"),
        must("approved_by", Text, "who allowed it; not who asked"),
        must("from", Date, "its first day"),
        must("expires", Date, "its last day"),
    ],
};

/// The project file.
pub const ONUS: Record = Record {
    name: "onus",
    doc: "What applies to this repository: `onus.yaml`.",
    keys: &[
        must("onus", Integer, "the version of this format: 1"),
        may("system", Text, "what is built here"),
        may(
            "frameworks",
            List(&TextOr(&HELD_TO)),
            "what you are held to: `aicpa-tsc-2017/security`",
        ),
        may(
            "deployments",
            List(&Rec(&DEPLOYMENT)),
            "where it runs, with its facts",
        ),
        may(
            "controls",
            TEXTS,
            "folders with controls, attestations, agreements, statements, records and waivers",
        ),
        may("policies", TEXTS, "folders with checks and schemas"),
        may(
            "set",
            Map(&Scalar),
            "parameters of policies: `kubernetes.version`",
        ),
        may(
            "agreements",
            List(&Rec(&AGREEMENT)),
            "contracts with providers",
        ),
        may("statements", List(&Rec(&STATEMENT)), "what people say"),
        may(
            "without",
            List(&Rec(&WITHOUT)),
            "controls of packs that do not concern you, and why",
        ),
        may(
            "waivers",
            List(&Rec(&WAIVER)),
            "what is accepted for a time",
        ),
        may(
            "documents",
            TEXTS,
            "Markdown documents to read for ids, dates and claims, as paths with `*`",
        ),
        may(
            "adopted",
            Date,
            "since when evidence is kept this way: no period before it is asked for",
        ),
        may("gates", Rec(&GATES), "what makes a run fail"),
        may("waiving", Rec(&WAIVING), "how waivers may be used"),
    ],
};

/// A framework that the user is held to.
pub const HELD_TO: Record = Record {
    name: "held to",
    doc: "A framework, with what is left out of it.",
    keys: &[
        must("framework", Id, "its id, or `id/profile`"),
        may(
            "exclude",
            List(&Rec(&EXCLUSION)),
            "a statement of applicability: what does not apply, and why",
        ),
    ],
};

/// What does not apply.
pub const EXCLUSION: Record = Record {
    name: "exclusion",
    doc: "Requirements that do not apply.",
    keys: &[
        must("requirements", IDS, "ids, ranges, patterns"),
        must("reason", Text, "why"),
    ],
};

/// Controls of packs that do not concern the user.
pub const WITHOUT: Record = Record {
    name: "without",
    doc: "Controls of packs that do not concern you. Something of their kind that is there all the same is a finding.",
    keys: &[
        must(
            "controls",
            IDS,
            "ids, or `kubernetes/*` for all controls of a pack",
        ),
        must("reason", Text, "why"),
    ],
};

/// Where something runs.
pub const DEPLOYMENT: Record = Record {
    name: "deployment",
    doc: "A place where the system runs. Facts are as declared; `unknown` is a fact, too.",
    keys: &[
        must("deployment", Id, "its id"),
        may("on", Id, "the provider"),
        may("plan", Id, "the provider's plan"),
        may("offering", Id, "the kind of the product"),
        may("region", Id, "the region"),
        may("region_type", Id, "the type of the region"),
        may("components", IDS, "the components in use"),
        may("data", IDS, "classes of data that are there: `phi`, `pan`"),
        may(
            "paths",
            TEXTS,
            "the configs of this deployment, as folders or paths with `*`; all where nothing is said",
        ),
        may("proof", Map(&Text), "files that show a fact, by its name"),
    ],
};

/// What makes a run fail.
pub const GATES: Record = Record {
    name: "gates",
    doc: "What makes a run fail.",
    keys: &[
        may(
            "fail_on",
            OneOf(SEVERITIES),
            "checks of at least this severity; as `--fail-on`",
        ),
        may(
            "governance",
            OneOf(&["never", "failed", "strict"]),
            "what of governance; as `--gate-governance`",
        ),
        may(
            "filing",
            OneOf(&["history", "as-stated"]),
            "whether the history must show when a record was filed",
        ),
        may(
            "provider",
            Bool,
            "whether defects of a provider or of a source document count",
        ),
    ],
};

/// How waivers may be used.
pub const WAIVING: Record = Record {
    name: "waiving",
    doc: "How waivers may be used.",
    keys: &[
        may(
            "longest",
            Rec(&LONGEST),
            "the longest lifetime, by severity",
        ),
        may("never", IDS, "checks and controls that are never waived"),
        may(
            "warn",
            Length,
            "how long before its end a waiver is pointed out; 14 days where nothing is said",
        ),
        may(
            "inline",
            Bool,
            "whether comments beside a line may waive it; `false` where nothing is said",
        ),
    ],
};

/// The longest lifetimes of waivers.
pub const LONGEST: Record = Record {
    name: "longest",
    doc: "The longest lifetime of a waiver, by severity.",
    keys: &[
        may("critical", Length, ""),
        may("high", Length, ""),
        may("medium", Length, ""),
        may("low", Length, ""),
    ],
};

/// Who may do what, as a table.
pub const PERMISSIONS: Record = Record {
    name: "permissions",
    doc: "A permission matrix: which role may do what in a system. It is held against what is granted, cell by cell, and against policies.",
    keys: &[
        must("permissions", Id, "its id, which is that of the check, too"),
        must("title", Text, "what people call it"),
        must(
            "system",
            Id,
            "the system, as grants name it: `kubernetes`, `clickhouse`, or a format with tables of roles",
        ),
        may(
            "severity",
            OneOf(SEVERITIES),
            "how bad a difference is; `high` where nothing is said",
        ),
        may("source", Text, "where the table is from"),
        must("roles", IDS, "the columns: the roles as grants name them"),
        must("rows", List(&Rec(&PERMISSION)), "what can be done"),
        may(
            "complete",
            Bool,
            "whether an action without a row is a difference; `true` where nothing is said",
        ),
        may("help", Text, "what to do about a difference"),
    ],
};

/// A row of a permission matrix.
pub const PERMISSION: Record = Record {
    name: "permission",
    doc: "Something that can be done, and who may.",
    keys: &[
        must("label", Text, "what people call it"),
        must(
            "actions",
            TEXTS,
            "the actions that it is, as grants name them",
        ),
        may(
            "resources",
            TEXTS,
            "the resources that they are on; the system itself where nothing is said",
        ),
        may(
            "scope",
            Text,
            "the namespace; everywhere where nothing is said",
        ),
        must(
            "cells",
            Map(&OneOf(&["yes", "no"])),
            "for each role, whether it may",
        ),
    ],
};

/// Who is who.
pub const IDENTITIES: Record = Record {
    name: "identities",
    doc: "Who is who in which system, so that what somebody may do in one is seen beside what they may do in another.",
    keys: &[
        must("identities", Id, "its id"),
        may("source", Text, "where it is from"),
        must(
            "people",
            List(&Rec(&PERSON)),
            "people, and programs that act for them",
        ),
    ],
};

/// Somebody under all of their names.
pub const PERSON: Record = Record {
    name: "person",
    doc: "Somebody under all of their names.",
    keys: &[
        must("person", Id, "what to call them"),
        must(
            "is",
            TEXTS,
            "their names, as `system/user:name`; `system/name` is a user",
        ),
        may(
            "facts",
            Map(&Scalar),
            "what is known of them, for policies: `mfa: webauthn`",
        ),
    ],
};

/// Every kind of document, by the key that begins it.
pub const KINDS: &[&Record] = &[
    &FRAMEWORK,
    &CROSSWALK,
    &CONTROL,
    &REQUIREMENTS,
    &PARTY,
    &RESPONSIBILITY,
    &ATTESTATION,
    &AGREEMENT,
    &STATEMENT,
    &RECORD,
    &WAIVER,
    &PERMISSIONS,
    &IDENTITIES,
    &ONUS,
];
