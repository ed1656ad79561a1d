//! Places in a document: RFC 9535 paths, with three roots.

/// Where a path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// `$`: the node of the enclosing entity (in `@objects`: the document).
    Entity,
    /// `$$`: the object, the whole thing that has a name of its own.
    Object,
    /// `@`: the current node: the enclosing record, or the element that a filter looks at.
    Current,
}

/// A path: a root and segments, RFC 9535 section 2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// Where it starts.
    pub root: Root,
    /// What it walks through.
    pub segments: Vec<Segment>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// `[...]` or `.name`: children of the node.
    Child(Vec<Selector>),
    /// `..[...]`: the node and all its descendants, then their children.
    Descendant(Vec<Selector>),
}

/// Which children a segment takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selector {
    /// A member of a mapping.
    Name(String),
    /// All children.
    Wildcard,
    /// An element of a sequence; negative counts from the end.
    Index(i64),
    /// `start:end:step`.
    Slice {
        /// First index.
        start: Option<i64>,
        /// One past the last index.
        end: Option<i64>,
        /// Never 0 after parsing.
        step: i64,
    },
    /// `?...`: children for which it holds.
    Filter(Filter),
}

/// A condition on a child, RFC 9535 section 2.3.5, without function extensions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    /// One of them holds.
    Any(Vec<Filter>),
    /// All of them hold.
    All(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// The path finds something.
    Exists(Path),
    /// Both sides compare so.
    Compare(Operand, Comparison, Operand),
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operand {
    /// A string.
    String(String),
    /// A whole number. Fractions are refused when the path is read.
    Integer(i64),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// The one node a path finds, or nothing.
    Path(Path),
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// `[a.b]`, `[!a.b]` or `[a.b=x,y*]`: a condition on the object that guards a location.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Predicate {
    /// Member names from the object down.
    pub path: Vec<String>,
    /// What is asked.
    pub test: Test,
}

/// What a predicate asks of the member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    /// It is there and is not null.
    Present,
    /// It is not there, or is null.
    Absent,
    /// It is a scalar whose text matches one of the patterns, where `*` stands for any text.
    OneOf(Vec<Pattern>),
}

/// Text with `*` for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern(Vec<String>);

impl Pattern {
    /// Reads a pattern; every `*` is a wildcard.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(pattern.split('*').map(str::to_owned).collect())
    }

    /// As it is written.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.join("*")
    }

    /// The text that the only `*` stands for; a pattern without one stands for the whole text.
    #[must_use]
    pub fn capture<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self.0.as_slice() {
            [whole] => (whole.is_empty() || whole == text).then_some(text),
            [before, after] => text
                .strip_prefix(before.as_str())?
                .strip_suffix(after.as_str()),
            _ => None,
        }
    }

    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let (Some((first, rest)), Some(last)) = (self.0.split_first(), self.0.last()) else {
            return text.is_empty();
        };
        if rest.is_empty() {
            return text == first;
        }
        let Some(text) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        let Some(mut text) = text.strip_suffix(last.as_str()) else {
            return false;
        };
        for middle in rest.iter().take(rest.len() - 1) {
            match text.split_once(middle.as_str()) {
                Some((_, after)) => text = after,
                None => return false,
            }
        }
        true
    }
}

/// Guards and a path: one of the places where things of a type are found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Locator {
    /// All must hold for the object.
    pub guards: Vec<Predicate>,
    /// Where to look.
    pub path: Path,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_text() {
        let yes = |p: &str, t: &str| assert!(Pattern::new(p).matches(t), "{p} ~ {t}");
        let no = |p: &str, t: &str| assert!(!Pattern::new(p).matches(t), "{p} !~ {t}");
        yes("apps/*", "apps/v1");
        yes("*List", "RoleList");
        yes("*List", "List");
        yes("a*b*c", "axxbyyc");
        yes("*", "");
        yes("Pod", "Pod");
        no("Pod", "PodTemplate");
        no("apps/*", "xapps/v1");
        no("a*a", "a");
        no("a*b*c", "acb");
        assert_eq!(Pattern::new("*List").capture("PodList"), Some("Pod"));
        assert_eq!(Pattern::new("*List").capture("Pod"), None);
    }
}
