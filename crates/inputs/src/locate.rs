//! Follows paths through a document tree (RFC 9535), and knows how it got there.

use onus_model::path::{
    Comparison, Filter, Operand, Path, Predicate, Root, Segment, Selector, Test,
};
use onus_model::plan::Dialect;
use onus_model::source::Span;

use crate::document::{Hole, Kind, NodeId, Scalar, Tree};

/// How a node is reached from its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key<'t> {
    /// It is where the path starts.
    None,
    /// Member of a mapping.
    Name(&'t str),
    /// Element of a sequence.
    Index(usize),
}

/// A node that a path leads to.
#[derive(Clone, Debug)]
pub(crate) struct Found<'t> {
    pub(crate) node: NodeId,
    /// The key of the node in its parent.
    pub(crate) key: Key<'t>,
    /// Where that key is written.
    pub(crate) key_span: Option<Span>,
    /// The key of its parent.
    pub(crate) list: Key<'t>,
    /// What was wrong on the way.
    pub(crate) wrong: Option<Wrong>,
}

/// What may be wrong on the way to a node.
#[derive(Clone, Debug)]
pub(crate) enum Wrong {
    /// A key on the way stands twice.
    Twice {
        name: String,
        first: Span,
        second: Span,
    },
    /// A node on the way cannot hold what the path asks of it.
    Shape {
        found: &'static str,
        expected: &'static str,
        span: Span,
    },
    /// Something on the way is not there to be looked into.
    Hole { hole: Hole, span: Span },
}

impl Found<'_> {
    /// Whether the path ended before it led to anything.
    pub(crate) fn is_lost(&self) -> bool {
        match self.wrong {
            Some(Wrong::Shape { .. } | Wrong::Hole { .. }) => true,
            Some(Wrong::Twice { .. }) | None => false,
        }
    }

    /// What a hole took away that may have been found from here.
    fn in_hole(&self, tree: &Tree, node: NodeId, hole: &Hole) -> Self {
        Self {
            node,
            wrong: Some(Wrong::Hole {
                hole: hole.clone(),
                span: tree.span(node),
            }),
            ..self.clone()
        }
    }
}

/// What an object takes over from the one that it stands in.
#[derive(Clone, Debug)]
pub(crate) struct Inherited {
    pub(crate) member: String,
    pub(crate) text: String,
    /// Where it is written.
    pub(crate) span: Span,
}

impl Inherited {
    /// What is taken over under a name.
    pub(crate) fn named<'i>(all: &'i [Self], member: &str) -> Option<&'i Self> {
        all.iter().find(|inherited| inherited.member == member)
    }
}

/// The roots that a path may start from.
#[derive(Clone, Copy)]
pub(crate) struct Roots {
    pub(crate) entity: NodeId,
    pub(crate) object: NodeId,
    pub(crate) current: NodeId,
}

/// A tree, and how its scalars are read.
#[derive(Clone, Copy)]
pub(crate) struct Walker<'t> {
    pub(crate) tree: &'t Tree,
    pub(crate) dialect: Dialect,
}

impl<'t> Walker<'t> {
    /// All nodes that the path leads to, in the order of the document.
    pub(crate) fn all(self, path: &'t Path, roots: Roots) -> Vec<Found<'t>> {
        let node = match path.root {
            Root::Entity => roots.entity,
            Root::Object => roots.object,
            Root::Current => roots.current,
        };
        let start = Found {
            node,
            key: Key::None,
            key_span: None,
            list: Key::None,
            wrong: None,
        };
        let Some((start, rest)) = self.names(start, &path.segments) else {
            return Vec::new();
        };
        let mut found = vec![start];
        let mut rest = rest.iter().peekable();
        while let Some(segment) = rest.next() {
            let mut next = Vec::new();
            // Where names repeat, the elements of a name are what an index counts.
            let nth = rest
                .next_if(|next| self.tree.repeats() && counts(next) && names_one(segment))
                .and_then(only);
            for from in found {
                if from.is_lost() {
                    next.push(from);
                    continue;
                }
                match segment {
                    Segment::Child(selectors) => {
                        let before = next.len();
                        self.children(&from, selectors, roots, true, &mut next);
                        if let Some(nth) = nth {
                            let same = next.split_off(before);
                            next.extend(of_same(nth, &same));
                        }
                    }
                    Segment::Descendant(selectors) => {
                        self.descend(from, selectors, roots, &mut next);
                    }
                }
            }
            found = next;
        }
        found
    }

    /// Follows plain names as far as they go, which is most of most paths, without gathering nodes.
    fn names(
        self,
        mut at: Found<'t>,
        mut segments: &'t [Segment],
    ) -> Option<(Found<'t>, &'t [Segment])> {
        let tree = self.tree;
        while let Some((Segment::Child(selectors), rest)) = segments.split_first() {
            let [Selector::Name(name)] = selectors.as_slice() else {
                break;
            };
            if tree.kind(at.node) != Kind::Mapping
                || tree.duplicates_within(at.node).is_some()
                || tree.repeats()
            {
                break;
            }
            let entry = tree.get(at.node, name)?;
            at = Found {
                node: entry.value,
                key: Key::Name(name),
                key_span: Some(tree.span(entry.key)),
                list: at.key,
                wrong: None,
            };
            segments = rest;
        }
        Some((at, segments))
    }

    /// The first node that the path leads to.
    pub(crate) fn first(self, path: &'t Path, roots: Roots) -> Option<Found<'t>> {
        self.all(path, roots).into_iter().find(|f| !f.is_lost())
    }

    /// The first node that the path leads to, or what hides it.
    pub(crate) fn first_or_hole(self, path: &'t Path, roots: Roots) -> Option<Found<'t>> {
        self.all(path, roots)
            .into_iter()
            .find(|f| !matches!(f.wrong, Some(Wrong::Shape { .. })))
    }

    fn descend(
        self,
        from: Found<'t>,
        selectors: &'t [Selector],
        roots: Roots,
        next: &mut Vec<Found<'t>>,
    ) {
        // A stack instead of recursion; children are pushed last to first, to be visited in order.
        let mut open = vec![from];
        while let Some(from) = open.pop() {
            if let Some(hole) = self.tree.hole(from.node) {
                next.push(from.in_hole(self.tree, from.node, hole));
                continue;
            }
            self.children(&from, selectors, roots, false, next);
            let mut inner = Vec::new();
            self.select(&from, &Selector::Wildcard, roots, false, &mut inner);
            open.extend(inner.into_iter().rev());
        }
    }

    fn children(
        self,
        from: &Found<'t>,
        selectors: &'t [Selector],
        roots: Roots,
        strict: bool,
        next: &mut Vec<Found<'t>>,
    ) {
        for selector in selectors {
            self.select(from, selector, roots, strict, next);
            // What is wrong with a node is wrong for all selectors, and is told once.
            if next
                .last()
                .is_some_and(|f| f.node == from.node && f.is_lost())
            {
                return;
            }
        }
    }

    /// Whether a node has no value, as `key:` has none.
    pub(crate) fn is_null(self, node: NodeId) -> bool {
        self.tree.kind(node) == Kind::Scalar
            && matches!(self.tree.resolve(node, self.dialect), Scalar::Null)
    }

    fn select(
        self,
        from: &Found<'t>,
        selector: &'t Selector,
        roots: Roots,
        strict: bool,
        next: &mut Vec<Found<'t>>,
    ) {
        let tree = self.tree;
        let kind = tree.kind(from.node);
        let push = |next: &mut Vec<Found<'t>>, node, key, key_span| {
            next.push(Found {
                node,
                key,
                key_span,
                list: from.key,
                wrong: from.wrong.clone(),
            });
        };
        // A scalar or a list where the path wants a mapping hides whatever was meant: somebody must look at it.
        // An element without the one that is asked for has none.
        let wrong = |next: &mut Vec<Found<'t>>, expected| {
            if let Some(hole) = tree.hole(from.node) {
                next.extend(strict.then(|| from.in_hole(tree, from.node, hole)));
            } else if strict && !tree.repeats() && !self.is_null(from.node) {
                next.push(Found {
                    wrong: Some(Wrong::Shape {
                        found: noun(tree, from.node),
                        expected,
                        span: from.key_span.unwrap_or_else(|| tree.span(from.node)),
                    }),
                    ..from.clone()
                });
            }
        };
        match selector {
            Selector::Name(name) => match kind {
                Kind::Mapping => {
                    if tree.duplicates_within(from.node).is_some()
                        && let Some((first, second)) = duplicate(tree, from.node, name)
                    {
                        for entry in tree.entries(from.node) {
                            if tree.kind(entry.key) == Kind::Scalar && tree.raw(entry.key) == name {
                                next.push(Found {
                                    node: entry.value,
                                    key: Key::Name(name),
                                    key_span: Some(tree.span(entry.key)),
                                    list: from.key,
                                    wrong: Some(Wrong::Twice {
                                        name: name.clone(),
                                        first,
                                        second,
                                    }),
                                });
                            }
                        }
                    } else if tree.repeats() {
                        for entry in tree.entries(from.node) {
                            if tree.raw(entry.key) == name {
                                let at = Some(tree.span(entry.key));
                                push(next, entry.value, Key::Name(name), at);
                            }
                        }
                        // There may be more of them, if there are any.
                        if let Some(node) = tree.open(from.node)
                            && let Some(hole) = tree.hole(node)
                        {
                            next.push(from.in_hole(tree, node, hole));
                        }
                    } else if let Some(entry) = tree.get(from.node, name) {
                        push(
                            next,
                            entry.value,
                            Key::Name(name),
                            Some(tree.span(entry.key)),
                        );
                    }
                }
                Kind::Sequence | Kind::Scalar => wrong(next, "a mapping"),
            },
            Selector::Wildcard | Selector::Filter(_) => {
                let keep = |next: &mut Vec<Found<'t>>, node: NodeId| {
                    let Selector::Filter(filter) = selector else {
                        return true;
                    };
                    let roots = Roots {
                        current: node,
                        ..roots
                    };
                    self.holds(filter, roots).unwrap_or_else(|node| {
                        // Nobody can tell whether it is meant.
                        let hole = tree.hole(node);
                        next.extend(hole.map(|hole| from.in_hole(tree, node, hole)));
                        false
                    })
                };
                match kind {
                    Kind::Mapping => {
                        for entry in tree.entries(from.node) {
                            if tree.is_member(&entry) && keep(next, entry.value) {
                                push(
                                    next,
                                    entry.value,
                                    Key::Name(tree.raw(entry.key)),
                                    Some(tree.span(entry.key)),
                                );
                            }
                        }
                    }
                    Kind::Sequence => {
                        for (index, node) in tree.items(from.node).enumerate() {
                            if keep(next, node) {
                                push(next, node, Key::Index(index), None);
                            }
                        }
                    }
                    Kind::Scalar => wrong(next, "a list"),
                }
            }
            Selector::Index(index) => match kind {
                Kind::Sequence => {
                    let at = normal(*index, tree.items(from.node).count());
                    if let Some((at, node)) =
                        at.and_then(|at| tree.items(from.node).nth(at).map(|n| (at, n)))
                    {
                        push(next, node, Key::Index(at), None);
                    }
                }
                Kind::Mapping | Kind::Scalar => wrong(next, "a list"),
            },
            Selector::Slice { start, end, step } => match kind {
                Kind::Sequence => {
                    let nodes: Vec<NodeId> = tree.items(from.node).collect();
                    for at in slice(*start, *end, *step, nodes.len()) {
                        if let Some(node) = nodes.get(at) {
                            push(next, *node, Key::Index(at), None);
                        }
                    }
                }
                Kind::Mapping | Kind::Scalar => wrong(next, "a list"),
            },
        }
    }

    /// Whether a filter holds.
    ///
    /// # Errors
    ///
    /// A hole decides it.
    fn holds(self, filter: &'t Filter, roots: Roots) -> Result<bool, NodeId> {
        let some = |parts: &'t [Filter], wanted: bool| {
            let mut hole = None;
            for part in parts {
                match self.holds(part, roots) {
                    Ok(holds) if holds == wanted => return Ok(wanted),
                    Ok(_) => {}
                    Err(node) => hole = hole.or(Some(node)),
                }
            }
            hole.map_or(Ok(!wanted), Err)
        };
        match filter {
            Filter::Any(parts) => some(parts, true),
            Filter::All(parts) => some(parts, false),
            Filter::Not(part) => self.holds(part, roots).map(|holds| !holds),
            Filter::Exists(path) => self.known(path, roots).map(|found| found.is_some()),
            Filter::Compare(left, comparison, right) => {
                let (left, right) = (self.operand(left, roots)?, self.operand(right, roots)?);
                let ordered = || match (&left, &right) {
                    (Scalar::Int(a), Scalar::Int(b)) => Some(a.cmp(b)),
                    (Scalar::Text(a), Scalar::Text(b)) => Some(a.cmp(b)),
                    _ => None,
                };
                Ok(match comparison {
                    Comparison::Equal => left == right,
                    Comparison::NotEqual => left != right,
                    Comparison::Less => ordered().is_some_and(std::cmp::Ordering::is_lt),
                    Comparison::LessOrEqual => {
                        ordered().is_some_and(std::cmp::Ordering::is_le) || left == right
                    }
                    Comparison::Greater => ordered().is_some_and(std::cmp::Ordering::is_gt),
                    Comparison::GreaterOrEqual => {
                        ordered().is_some_and(std::cmp::Ordering::is_ge) || left == right
                    }
                })
            }
        }
    }

    /// The first node that the path leads to, if no hole is in the way.
    fn known(self, path: &'t Path, roots: Roots) -> Result<Option<Found<'t>>, NodeId> {
        for found in self.all(path, roots) {
            if self.tree.hole(found.node).is_some() {
                return Err(found.node);
            }
            if !found.is_lost() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A value to compare. Nothing and collections compare as null, for only scalars can be written on the other side.
    fn operand(self, operand: &'t Operand, roots: Roots) -> Result<Scalar<'t>, NodeId> {
        Ok(match operand {
            Operand::String(text) => Scalar::Text(text),
            Operand::Integer(number) => Scalar::Int(*number),
            Operand::Bool(bool) => Scalar::Bool(*bool),
            Operand::Null => Scalar::Null,
            Operand::Path(path) => match self.known(path, roots)? {
                Some(found) if self.tree.kind(found.node) == Kind::Scalar => {
                    self.tree.resolve(found.node, self.dialect)
                }
                Some(_) | None => Scalar::Null,
            },
        })
    }

    /// Whether an object satisfies all guards.
    pub(crate) fn guarded(
        self,
        guards: &[Predicate],
        object: NodeId,
        inherited: &[Inherited],
    ) -> bool {
        guards.iter().all(|guard| {
            let mut node = Some(object);
            for name in &guard.path {
                node = node.and_then(|n| self.tree.get(n, name)).map(|e| e.value);
            }
            let node = node.filter(|n| !self.is_null(*n));
            let taken = match (node, guard.path.as_slice()) {
                (None, [member]) => Inherited::named(inherited, member),
                _ => None,
            };
            match &guard.test {
                Test::Present => node.is_some() || taken.is_some(),
                Test::Absent => node.is_none() && taken.is_none(),
                Test::OneOf(patterns) => {
                    let own = node
                        .filter(|n| self.tree.kind(*n) == Kind::Scalar)
                        .map(|n| self.tree.raw(n));
                    let text = own.or(taken.map(|t| t.text.as_str()));
                    text.is_some_and(|text| patterns.iter().any(|p| p.matches(text)))
                }
            }
        })
    }
}

/// What a node is, with its article.
pub(crate) fn noun(tree: &Tree, node: NodeId) -> &'static str {
    match tree.kind(node) {
        Kind::Mapping => "a mapping",
        Kind::Sequence => "a list",
        Kind::Scalar => "a single value",
    }
}

/// The places of a key that stands twice in a mapping.
pub(crate) fn duplicate(tree: &Tree, mapping: NodeId, name: &str) -> Option<(Span, Span)> {
    tree.duplicates()
        .iter()
        .filter(|d| d.mapping == mapping)
        .find(|d| {
            let written = tree.text().get(d.first.range()).unwrap_or_default();
            written.trim_matches(['"', '\'']) == name
        })
        .map(|d| (d.first, d.second))
}

/// The selector of a segment that has one.
fn only(segment: &Segment) -> Option<&Selector> {
    match segment {
        Segment::Child(selectors) => match selectors.as_slice() {
            [selector] => Some(selector),
            _ => None,
        },
        Segment::Descendant(_) => None,
    }
}

fn names_one(segment: &Segment) -> bool {
    matches!(only(segment), Some(Selector::Name(_)))
}

fn counts(segment: &Segment) -> bool {
    let selector = only(segment);
    matches!(selector, Some(Selector::Index(_) | Selector::Slice { .. }))
}

/// Those among elements of one name that an index or a slice selects, and what may hide more of them.
fn of_same<'t>(selector: &Selector, same: &[Found<'t>]) -> Vec<Found<'t>> {
    let (lost, same): (Vec<&Found<'t>>, Vec<&Found<'t>>) = same.iter().partition(|f| f.is_lost());
    let selected: Vec<usize> = match selector {
        Selector::Index(index) => normal(*index, same.len()).into_iter().collect(),
        Selector::Slice { start, end, step } => slice(*start, *end, *step, same.len()),
        Selector::Name(_) | Selector::Wildcard | Selector::Filter(_) => Vec::new(),
    };
    let selected = selected.iter().filter_map(|at| same.get(*at).copied());
    // From the end on, what is hidden comes first.
    let from_end = matches!(selector, Selector::Index(index) if *index < 0);
    let all: Vec<&Found<'t>> = if from_end {
        lost.into_iter().chain(selected).collect()
    } else {
        selected.chain(lost).collect()
    };
    all.into_iter().cloned().collect()
}

/// A negative index counts from the end.
fn normal(index: i64, length: usize) -> Option<usize> {
    if index >= 0 {
        usize::try_from(index).ok().filter(|at| *at < length)
    } else {
        let back = usize::try_from(index.unsigned_abs()).ok()?;
        length.checked_sub(back)
    }
}

/// The indices of a slice (RFC 9535, section 2.3.4.2.2).
fn slice(start: Option<i64>, end: Option<i64>, step: i64, length: usize) -> Vec<usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let normal = |index: i64| {
        if index >= 0 {
            index
        } else {
            length.saturating_add(index)
        }
    };
    let mut indices = Vec::new();
    if step > 0 {
        let mut at = normal(start.unwrap_or(0)).clamp(0, length);
        let upper = normal(end.unwrap_or(length)).clamp(0, length);
        while at < upper {
            indices.extend(usize::try_from(at));
            at = at.saturating_add(step);
        }
    } else if step < 0 {
        let mut at = normal(start.unwrap_or(length - 1)).clamp(-1, length - 1);
        let lower = end.map_or(-1, |end| normal(end).clamp(-1, length - 1));
        while at > lower {
            indices.extend(usize::try_from(at));
            at = at.saturating_add(step);
        }
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_as_the_standard_says() {
        assert_eq!(slice(Some(1), Some(3), 1, 7), [1, 2]);
        assert_eq!(slice(Some(5), None, 1, 7), [5, 6]);
        assert_eq!(slice(Some(1), Some(5), 2, 7), [1, 3]);
        assert_eq!(slice(Some(5), Some(1), -2, 7), [5, 3]);
        assert_eq!(slice(None, None, -1, 3), [2, 1, 0]);
        assert_eq!(slice(Some(-2), None, 1, 3), [1, 2]);
        assert!(slice(None, None, 1, 0).is_empty());
    }
}
