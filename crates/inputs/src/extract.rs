//! Follows the plan through a file's documents and takes out what is worth judging.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onus_model::extract::{Attr, Entity, Extract, Fault, Object, ObjectName, Value};
use onus_model::path::{Locator, Path, Pattern, Segment, Selector};
use onus_model::plan::{
    Assembly, Attribute, Converter, Dialect, EntityType, Format, FormatId, From, Inherit, Plan,
    Shape, TypeId,
};
use onus_model::source::{FileId, LineIndex, Span};

use crate::chain::{self, Record};
use crate::convert::{convert, interpolated};
use crate::document::{Hole, Kind, NodeId, Scalar, Tree};
use crate::locate::{Found, Inherited, Key, Roots, Walker, Wrong, duplicate, noun};

/// Objects may stand in objects (a List in a List) this deep.
const DEEPEST_OBJECT: u32 = 8;

/// The file names of a plan's formats, ready to be compared with many paths.
#[derive(Debug)]
pub struct FileNames {
    formats: Vec<(FormatId, Vec<FileName>)>,
    /// How the documents of a format are put together, of those of which they are.
    assembled: Vec<(FormatId, Assembly)>,
    /// Files that hold a document in a text, and the member that it is.
    fragments: Vec<(FileName, String)>,
    by_content: Vec<FormatId>,
}

#[derive(Debug)]
enum FileName {
    /// Compared with the last part of a path.
    Last(Pattern),
    /// Compared with the end of a path, after any folder.
    End(Pattern),
}

impl FileNames {
    /// The names of all formats. A pattern without `/` is about the name alone.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let name = |pattern: &str| {
            if pattern.contains('/') {
                let end = pattern.strip_prefix("**/").unwrap_or(pattern);
                FileName::End(Pattern::new(&format!("*/{end}")))
            } else {
                FileName::Last(Pattern::new(pattern))
            }
        };
        let formats = (0..).map(FormatId).zip(&plan.formats);
        let fragments = plan.formats.iter().flat_map(|f| &f.files);
        let by_content = formats
            .clone()
            .filter(|(_, f)| f.objects.iter().all(|l| !l.guards.is_empty()))
            .map(|(id, _)| id)
            .collect();
        Self {
            by_content,
            fragments: fragments
                .filter_map(|pattern| pattern.split_once('#'))
                .map(|(file, member)| (name(file), member.to_owned()))
                .collect(),
            assembled: formats
                .clone()
                .filter_map(|(id, format)| Some((id, format.assembly?)))
                .collect(),
            formats: formats
                .map(|(id, format)| (id, format.files.iter().map(|f| name(f)).collect()))
                .collect(),
        }
    }

    /// The members of a file that hold a document of their own as text, by the file's path: `app.json#compose` in a pattern.
    #[must_use]
    pub fn fragments(&self, path: &str) -> Vec<&str> {
        let slashed = format!("/{path}");
        let mut members: Vec<&str> = self
            .fragments
            .iter()
            .filter(|(name, _)| name.fits(&slashed))
            .map(|(_, member)| member.as_str())
            .collect();
        members.sort_unstable();
        members.dedup();
        members
    }

    /// The formats whose documents are put together of several files, and how.
    #[must_use]
    pub fn assembled(&self) -> &[(FormatId, Assembly)] {
        &self.assembled
    }

    /// The formats that are known by what stands in a file, whatever it is called.
    #[must_use]
    pub fn by_content(&self) -> Vec<FormatId> {
        self.by_content.clone()
    }

    /// The formats that a file may be of, by its path alone.
    #[must_use]
    pub fn formats(&self, path: &str) -> Vec<FormatId> {
        let slashed = format!("/{path}");
        let fits = |(_, names): &&(FormatId, Vec<FileName>)| names.iter().any(|n| n.fits(&slashed));
        let known = self.formats.iter().filter(fits);
        known.map(|(id, _)| *id).collect()
    }
}

impl FileName {
    /// Compares with a path behind a `/`, which it is given once for all names.
    fn fits(&self, slashed: &str) -> bool {
        match self {
            Self::Last(pattern) => pattern.matches(slashed.rsplit('/').next().unwrap_or(slashed)),
            Self::End(pattern) => pattern.matches(slashed),
        }
    }
}

/// The document that a member of a file holds as text, if it does.
#[must_use]
pub fn fragment(tree: &Tree, member: &str) -> Option<String> {
    let root = *tree.documents().first()?;
    let entry = tree.get(root, member)?;
    (tree.kind(entry.value) == Kind::Scalar).then(|| tree.raw(entry.value).to_owned())
}

/// Takes out of a tree what the plan asks for. `patch` says that another file lists this one as a patch.
///
/// Never fails: what is not as the schema says becomes a fault of the value or the entity, which no check can pass.
#[must_use]
pub fn extract(
    plan: &Plan,
    formats: &[FormatId],
    tree: &Tree,
    patch: bool,
    digest: u64,
) -> Extract {
    let mut out = Extract {
        documents: count(tree.documents().len()),
        duplicate_keys: count(tree.duplicates().len()),
        digest,
        ..Extract::default()
    };
    let may_patch = patch || tree.text().contains("$patch");
    for id in formats {
        // A format of which nothing is asked is not looked into: its files were not checked.
        let Some(format) = plan.format(*id).filter(|f| !f.roots.is_empty()) else {
            continue;
        };
        let mut extractor = Extractor {
            plan,
            format,
            walker: Walker {
                tree,
                dialect: format.dialect,
            },
            out: &mut out,
            enclosing: Vec::new(),
            object: 0,
            inherited: Vec::new(),
            patch: false,
            chained: Vec::new(),
        };
        for (number, root) in tree.documents().iter().enumerate() {
            if let Some(why) = tree.is_broken(*root) {
                extractor.broken(count(number), *root, why);
                continue;
            }
            let mut objects = Vec::new();
            extractor.objects(*root, &[], 0, &mut objects);
            for (node, inherited) in objects {
                extractor.inherited = inherited;
                extractor.patch = patch || may_patch && extractor.says_patch(node);
                extractor.object(count(number), node);
            }
        }
        extractor.settle();
    }
    if !out.entities.is_empty() {
        out.lines = LineIndex::new(tree.text());
    }
    out
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

struct Extractor<'t, 'o> {
    plan: &'t Plan,
    format: &'t Format,
    walker: Walker<'t>,
    out: &'o mut Extract,
    /// The entities around the one that is read, outermost first, with their types.
    enclosing: Vec<(TypeId, u32)>,
    /// The object that is read: an index into [`Extract::objects`].
    object: u32,
    /// What the object takes over from the one that it stands in.
    inherited: Vec<Inherited>,
    /// It is a patch.
    patch: bool,
    /// The records of chains: their entities, where they begin, and what they say.
    chained: Vec<(u32, NodeId, Record)>,
}

/// What attributes are read from.
#[derive(Clone, Copy)]
struct Site<'f, 't> {
    found: &'f Found<'t>,
    roots: Roots,
    /// Where what is missing is shown.
    nearest: Span,
}

impl<'t> Extractor<'t, '_> {
    /// The objects in a node: itself, or those that it lists.
    fn objects(
        &self,
        node: NodeId,
        inherited: &[Inherited],
        depth: u32,
        objects: &mut Vec<(NodeId, Vec<Inherited>)>,
    ) {
        let roots = Roots {
            entity: node,
            object: node,
            current: node,
        };
        let Some(locator) = self
            .format
            .objects
            .iter()
            .find(|l| self.walker.guarded(&l.guards, node, inherited))
        else {
            return;
        };
        // Once for all that stand in it, which may be many; most documents are objects themselves.
        let handed_down = if locator.path.segments.is_empty() {
            Vec::new()
        } else {
            self.bequeathed(node, inherited)
        };
        for found in self.walker.all(&locator.path, roots) {
            if found.node == node {
                objects.push((node, inherited.to_vec()));
            } else if depth < DEEPEST_OBJECT {
                self.objects(found.node, &handed_down, depth + 1, objects);
            }
        }
    }

    /// What a node hands down to the objects that stand in it.
    fn bequeathed(&self, node: NodeId, inherited: &[Inherited]) -> Vec<Inherited> {
        let tree = self.walker.tree;
        let take = |rule: &Inherit| {
            let own = tree.get(node, &rule.member).map(|e| e.value);
            let own = own.filter(|n| tree.kind(*n) == Kind::Scalar && !self.walker.is_null(*n));
            let (text, span) = match own {
                Some(own) => (tree.raw(own), tree.span(own)),
                None => {
                    let taken = Inherited::named(inherited, &rule.member)?;
                    (taken.text.as_str(), taken.span)
                }
            };
            let text = rule.pattern.capture(text).filter(|text| !text.is_empty())?;
            Some(Inherited {
                member: rule.member.clone(),
                text: text.to_owned(),
                span,
            })
        };
        self.format.inherit.iter().filter_map(take).collect()
    }

    /// What the object takes over under this name.
    fn inherits(&self, member: &str) -> Option<&Inherited> {
        Inherited::named(&self.inherited, member)
    }

    /// What the object takes over for a path that is a member's name alone.
    fn taken(&self, path: &Path) -> Option<&Inherited> {
        match path.segments.as_slice() {
            [Segment::Child(selectors)] => match selectors.as_slice() {
                [Selector::Name(name)] => self.inherits(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether `$patch` stands anywhere in it.
    fn says_patch(&self, node: NodeId) -> bool {
        let tree = self.walker.tree;
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            match tree.kind(node) {
                Kind::Mapping => {
                    for entry in tree.entries(node) {
                        if tree.raw(entry.key) == "$patch" {
                            return true;
                        }
                        open.push(entry.value);
                    }
                }
                Kind::Sequence => open.extend(tree.items(node)),
                Kind::Scalar => {}
            }
        }
        false
    }

    /// Whether a node can be a name.
    fn names_something(&self, node: NodeId) -> bool {
        let tree = self.walker.tree;
        tree.kind(node) == Kind::Scalar && !self.walker.is_null(node) && tree.hole(node).is_none()
    }

    fn object(&mut self, document: u32, node: NodeId) {
        let roots = Roots {
            entity: node,
            object: node,
            current: node,
        };
        let scalar = |paths: &'t [Path]| {
            paths.iter().find_map(|path| {
                let Some(found) = self.walker.first(path, roots) else {
                    return self.taken(path).map(|i| i.text.clone());
                };
                let tree = self.walker.tree;
                self.names_something(found.node)
                    .then(|| tree.raw(found.node).to_owned())
            })
        };
        let identity = &self.format.identity;
        let name = ObjectName {
            kind: scalar(&identity.kind).unwrap_or_else(|| self.format.name.clone()),
            namespace: scalar(&identity.namespace),
            name: scalar(&identity.name),
        };
        self.object = count(self.out.objects.len());
        let prefix = name.path();
        self.out.objects.push(Object {
            name: name.into(),
            document,
            patch: self.patch,
        });
        for id in &self.format.roots {
            self.entities(*id, node, node, &prefix);
        }
    }

    /// A document that cannot be read: it may hold things of every type.
    fn broken(&mut self, document: u32, node: NodeId, why: &str) {
        let span = first_line(self.walker.tree, self.walker.tree.span(node));
        let mut types = self.format.roots.clone();
        let mut index = 0;
        while let Some(id) = types.get(index) {
            let children = self.plan.entity_type(*id).map(|t| t.children.as_slice());
            types.extend(children.unwrap_or_default().to_vec());
            index += 1;
        }
        if types.is_empty() {
            return;
        }
        let name = ObjectName {
            kind: self.format.name.clone(),
            ..ObjectName::default()
        };
        let id: Arc<str> = name.path().into();
        let object = count(self.out.objects.len());
        self.out.objects.push(Object {
            name: name.into(),
            document,
            patch: false,
        });
        for of in types {
            let fault = Fault {
                message: why.to_owned(),
                also: None,
                unknown: false,
            };
            self.out.entities.push(Entity {
                of,
                object,
                parent: None,
                id: id.clone(),
                head: span,
                attributes: Vec::new(),
                tags: Vec::new(),
                fault: Some(Box::new((fault, span))),
            });
        }
    }

    /// Says of every record of a chain what it comes to, now that all of them are known.
    fn settle(&mut self) {
        let mut chains: BTreeMap<TypeId, Vec<(u32, NodeId, Record)>> = BTreeMap::new();
        for record in self.chained.drain(..) {
            let entity = self.out.entities.get(record.0 as usize);
            if let Some(of) = entity.map(|e| e.of) {
                chains.entry(of).or_default().push(record);
            }
        }
        for (of, mut records) in chains {
            let Some(entity_type) = self.plan.entity_type(of) else {
                continue;
            };
            // In the order of the text, whatever the order of the locations.
            records.sort_by_key(|(_, node, _)| *node);
            let (entities, records): (Vec<u32>, Vec<Record>) = records
                .into_iter()
                .map(|(entity, _, record)| (entity, record))
                .unzip();
            for (entity, (link, span)) in entities.into_iter().zip(chain::settle(&records)) {
                let Some(entity) = self.out.entities.get_mut(entity as usize) else {
                    continue;
                };
                let attr = match link {
                    Ok(link) => Attr {
                        value: Value::String(link.name().into()),
                        span,
                    },
                    Err(why) => fault(why, span),
                };
                let chained = (0..).zip(&entity_type.attributes);
                let chained = chained.filter(|(_, a)| matches!(a.from, From::Chained));
                let found = chained.map(|(index, _)| (index, attr.clone()));
                entity.attributes.extend(found);
                entity.attributes.sort_by_key(|(index, _)| *index);
            }
        }
    }

    /// All entities of a type in a node, and in each of them those of its child types.
    fn entities(&mut self, id: TypeId, node: NodeId, object: NodeId, prefix: &str) {
        let Some(entity_type) = self.plan.entity_type(id) else {
            return;
        };
        let roots = Roots {
            entity: node,
            object,
            current: node,
        };
        let mut taken: BTreeSet<Arc<str>> = BTreeSet::new();
        for locator in &entity_type.each {
            if !self
                .walker
                .guarded(&locator.guards, object, &self.inherited)
            {
                continue;
            }
            for found in self.walker.all(&locator.path, roots) {
                // An empty value is no element.
                if self.format.null_is_absent
                    && found.wrong.is_none()
                    && self.walker.is_null(found.node)
                {
                    continue;
                }
                self.entity(id, entity_type, locator, &found, object, prefix, &mut taken);
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call, and a struct would only rename them"
    )]
    fn entity(
        &mut self,
        id: TypeId,
        entity_type: &'t EntityType,
        locator: &'t Locator,
        found: &Found<'t>,
        object: NodeId,
        prefix: &str,
        taken: &mut BTreeSet<Arc<str>>,
    ) {
        let tree = self.walker.tree;
        let node = found.node;
        let roots = Roots {
            entity: node,
            object,
            current: node,
        };
        let named = entity_type
            .id
            .as_ref()
            .and_then(|path| self.walker.first(path, roots));
        let named = named.filter(|n| self.names_something(n.node));
        let head = match &named {
            Some(named) => named.key_span.map_or_else(
                || tree.span(named.node),
                |key| key.join(tree.span(named.node)),
            ),
            None => self.head(found),
        };
        let name = named.map(|n| tree.raw(n.node));
        let listed = many(&locator.path) || tree.repeats() && !locator.path.segments.is_empty();
        let logical = logical_name(prefix, listed, found, name, taken);
        let index = count(self.out.entities.len());
        self.out.entities.push(Entity {
            of: id,
            object: self.object,
            parent: self
                .enclosing
                .iter()
                .rev()
                .find(|(of, _)| Some(*of) == entity_type.parent)
                .map(|(_, index)| *index),
            id: logical.clone(),
            head,
            attributes: Vec::new(),
            tags: Vec::new(),
            fault: None,
        });
        let fault = self.entity_fault(entity_type, found, head);
        let site = Site {
            found,
            roots,
            nearest: head,
        };
        if let Some(chain) = &entity_type.chain
            && tree.kind(node) == Kind::Mapping
            && (entity_type.attributes.iter()).any(|a| matches!(a.from, From::Chained))
        {
            let record = Record::new(tree, self.walker.dialect, node, chain, head);
            self.chained.push((index, node, record));
        }
        let mut attributes = Vec::new();
        let mut tags = Vec::new();
        if !found.is_lost() {
            attributes = self.attributes(&entity_type.attributes, node, site);
            if let Some((path, shape)) = &entity_type.tags {
                tags = self.tags(path, shape, site);
            }
        }
        if let Some(entity) = self.out.entities.get_mut(index as usize) {
            entity.attributes = attributes;
            entity.tags = tags;
            entity.fault = fault;
        }
        if entity_type.children.is_empty() || found.is_lost() {
            return;
        }
        self.enclosing.push((id, index));
        for child in &entity_type.children {
            self.entities(*child, node, object, &logical);
        }
        self.enclosing.pop();
    }

    /// What makes an entity as a whole impossible to judge.
    fn entity_fault(
        &self,
        entity_type: &EntityType,
        found: &Found<'_>,
        head: Span,
    ) -> Option<Box<(Fault, Span)>> {
        let tree = self.walker.tree;
        let fault = match &found.wrong {
            Some(Wrong::Twice {
                name,
                first,
                second,
            }) => (twice(name, *first), *second),
            Some(Wrong::Shape {
                found,
                expected,
                span,
            }) => (
                Fault {
                    message: format!("{found} stands where {expected} is expected"),
                    also: None,
                    unknown: false,
                },
                *span,
            ),
            Some(Wrong::Hole { hole, span }) => (gap(hole), *span),
            None => {
                if let Some(hole) = tree.hole(found.node) {
                    return Some(Box::new((gap(hole), tree.span(found.node))));
                }
                let reads_members = entity_type
                    .attributes
                    .iter()
                    .any(|a| matches!(a.from, From::Member));
                if tree.kind(found.node) == Kind::Mapping || !reads_members || tree.repeats() {
                    return None;
                }
                (
                    Fault {
                        message: format!(
                            "{} stands where a mapping is expected",
                            noun(tree, found.node)
                        ),
                        also: None,
                        unknown: false,
                    },
                    head,
                )
            }
        };
        Some(Box::new(fault))
    }

    /// Where a thing without a name begins: its key, or its first line.
    fn head(&self, found: &Found<'_>) -> Span {
        if let Some(key) = found.key_span {
            return key;
        }
        let tree = self.walker.tree;
        let whole = tree.span(found.node);
        match tree.kind(found.node) {
            Kind::Mapping => tree.entries(found.node).next().map_or(whole, |entry| {
                first_line(tree, tree.span(entry.key).join(entry.at))
            }),
            Kind::Sequence | Kind::Scalar => first_line(tree, whole),
        }
    }

    fn attributes(
        &self,
        attributes: &'t [Attribute],
        node: NodeId,
        site: Site<'_, 't>,
    ) -> Vec<(u16, Attr)> {
        let mut present = Vec::with_capacity(attributes.len());
        for (index, attribute) in attributes.iter().enumerate() {
            let attr = self.attribute(attribute, node, site).or_else(|| {
                // In a patch what is required may stand in what is patched.
                let later = matches!(attribute.from, From::Lookup(_) | From::Chained);
                (attribute.required && !self.patch && !later).then(|| {
                    fault(
                        format!(
                            "`{}` is missing, and the schema requires it",
                            attribute.name
                        ),
                        site.nearest,
                    )
                })
            });
            let attr = attr.map(|attr| if attribute.secret { hushed(attr) } else { attr });
            if let Some(attr) = attr {
                present.push((u16::try_from(index).unwrap_or(u16::MAX), attr));
            }
        }
        present
    }

    fn attribute(
        &self,
        attribute: &'t Attribute,
        node: NodeId,
        site: Site<'_, 't>,
    ) -> Option<Attr> {
        let tree = self.walker.tree;
        let key_text = |key: Key<'t>| match key {
            Key::Name(name) => Some(Value::String(name.into())),
            Key::Index(index) => match attribute.shape {
                Shape::Long => i64::try_from(index).ok().map(Value::Long),
                _ => Some(Value::String(index.to_string().into())),
            },
            Key::None => None,
        };
        let key_attr = |key| {
            let span = site.found.key_span.unwrap_or(site.nearest);
            key_text(key).map(|value| match (&attribute.shape, value) {
                (Shape::Converted(converter), Value::String(text)) => {
                    match convert(*converter, &text, span) {
                        Ok(value) => Attr { value, span },
                        Err(why) => fault(format!("`{text}` {why}"), span),
                    }
                }
                (_, value) => Attr { value, span },
            })
        };
        match &attribute.from {
            From::Member if tree.repeats() => self.element(attribute, node, site),
            From::Member => {
                if tree.kind(node) != Kind::Mapping {
                    return None;
                }
                if tree.duplicates_within(node).is_some()
                    && let Some((first, second)) = duplicate(tree, node, &attribute.name)
                {
                    return Some(Attr {
                        value: Value::Fault(Box::new(twice(&attribute.name, first))),
                        span: second,
                    });
                }
                let Some(entry) = tree.get(node, &attribute.name) else {
                    let taken = (node == site.roots.object).then(|| self.inherits(&attribute.name));
                    return taken.flatten().map(|i| taken_over(&attribute.shape, i));
                };
                self.value(
                    &attribute.shape,
                    entry.value,
                    Some(tree.span(entry.key)),
                    site,
                )
            }
            From::Path(path) => {
                let roots = Roots {
                    current: node,
                    ..site.roots
                };
                let found = self.walker.all(path, roots);
                if attribute.shape == NAMES && tree.repeats() {
                    let values = found.iter();
                    return united(values.filter_map(|f| self.found_value(&NAMES, f, site)));
                }
                // A set may be put together from several places.
                let several = many(path) || tree.repeats() && !found.is_empty();
                if let (Shape::Set(element), true) = (&attribute.shape, several) {
                    let span = found
                        .first()
                        .and_then(|f| f.key_span)
                        .unwrap_or(site.nearest);
                    let elements = found
                        .iter()
                        .filter_map(|f| self.found_value(element, f, site))
                        .collect();
                    return Some(Attr {
                        value: Value::Set(elements),
                        span,
                    });
                }
                self.found_value(&attribute.shape, found.first()?, site)
            }
            From::Paths(paths) => {
                let roots = Roots {
                    current: node,
                    ..site.roots
                };
                let found: Vec<Found<'t>> = paths
                    .iter()
                    .filter_map(|path| self.walker.first_or_hole(path, roots))
                    .collect();
                let fits = |f: &&Found<'t>| match &f.wrong {
                    None if tree.hole(f.node).is_some() => true,
                    None => tree.repeats() || fits(&attribute.shape, tree.kind(f.node)),
                    Some(wrong) => matches!(wrong, Wrong::Hole { .. }),
                };
                let found = found.iter().find(fits).or_else(|| found.last())?;
                self.found_value(&attribute.shape, found, site)
            }
            From::Count(path) => {
                let roots = Roots {
                    current: node,
                    ..site.roots
                };
                let found = self.walker.all(path, roots);
                if let Some(wrong) = found.iter().find(|f| f.wrong.is_some()) {
                    return self.found_value(&attribute.shape, wrong, site);
                }
                let first = found.first().map(|f| self.head(f));
                Some(Attr {
                    value: Value::Long(i64::try_from(found.len()).unwrap_or(i64::MAX)),
                    span: first.unwrap_or(site.nearest),
                })
            }
            From::List => key_attr(site.found.list).or_else(|| key_attr(site.found.key)),
            From::Key => key_attr(site.found.key),
            From::Keys => {
                if tree.kind(node) != Kind::Mapping {
                    return None;
                }
                let elements = tree
                    .entries(node)
                    .filter(|e| tree.is_member(e))
                    .filter(|e| !(self.format.null_is_absent && self.walker.is_null(e.value)))
                    .map(|e| Attr {
                        value: Value::String(tree.raw(e.key).into()),
                        span: tree.span(e.key),
                    })
                    .collect();
                Some(Attr {
                    value: Value::Set(elements),
                    span: site.nearest,
                })
            }
            // When all files are read: `crate::link`.
            // Filled when all records, or all files, are read.
            From::Lookup(_) | From::Chained => None,
            From::Enclosing(of) => {
                let (_, index) = self.enclosing.iter().rev().find(|(t, _)| t == of)?;
                Some(Attr {
                    value: Value::Entity(*index),
                    span: site.nearest,
                })
            }
        }
    }

    /// A member where names repeat: all of them for a set, otherwise the first.
    fn element(&self, attribute: &'t Attribute, node: NodeId, site: Site<'_, 't>) -> Option<Attr> {
        let tree = self.walker.tree;
        let mut same = tree
            .entries(node)
            .filter(|e| tree.raw(e.key) == attribute.name)
            .peekable();
        let Some(first) = same.peek().copied() else {
            let hole = tree.open(node)?;
            return self.value(&attribute.shape, hole, None, site);
        };
        let at = tree.span(first.key);
        if attribute.shape == NAMES {
            let more = tree.open(node);
            let values = same.map(|e| e.value).chain(more);
            return united(values.filter_map(|value| self.value(&NAMES, value, Some(at), site)));
        }
        let Shape::Set(shape) = &attribute.shape else {
            return self.value(&attribute.shape, first.value, Some(at), site);
        };
        let elements =
            same.filter_map(|e| self.value(shape, e.value, Some(tree.span(e.key)), site));
        // Where there may be more of them, the set is not known.
        let more = tree.open(node);
        let more = more.and_then(|hole| self.value(shape, hole, None, site));
        Some(Attr {
            value: Value::Set(elements.chain(more).collect()),
            span: at,
        })
    }

    /// The text of an element that has attributes or elements besides, where a text is wanted.
    fn text_of(&self, shape: &Shape, node: NodeId) -> NodeId {
        let tree = self.walker.tree;
        match shape {
            Shape::Bool | Shape::Long | Shape::String | Shape::Text | Shape::Converted(_) => {
                tree.get(node, "#text").map_or(node, |e| e.value)
            }
            Shape::Set(_) | Shape::Record(_) | Shape::Entity(_) => node,
        }
    }

    fn found_value(&self, shape: &'t Shape, found: &Found<'t>, site: Site<'_, 't>) -> Option<Attr> {
        match &found.wrong {
            Some(Wrong::Twice {
                name,
                first,
                second,
            }) => Some(Attr {
                value: Value::Fault(Box::new(twice(name, *first))),
                span: *second,
            }),
            Some(Wrong::Shape {
                found,
                expected,
                span,
            }) => Some(fault(
                format!("{found} stands where {expected} is expected"),
                *span,
            )),
            Some(Wrong::Hole { hole, span }) => Some(Attr {
                value: Value::Fault(Box::new(gap(hole))),
                span: *span,
            }),
            None => self.value(shape, found.node, found.key_span, site),
        }
    }

    /// A node as a value of a shape; `None` where null means that it is not there.
    fn value(
        &self,
        shape: &'t Shape,
        node: NodeId,
        key: Option<Span>,
        site: Site<'_, 't>,
    ) -> Option<Attr> {
        let tree = self.walker.tree;
        let node = if tree.repeats() {
            self.text_of(shape, node)
        } else {
            node
        };
        if let Some(hole) = tree.hole(node) {
            return Some(Attr {
                value: Value::Fault(Box::new(gap(hole))),
                span: tree.span(node),
            });
        }
        let kind = tree.kind(node);
        let span = match kind {
            Kind::Scalar => tree.span(node),
            Kind::Mapping | Kind::Sequence => {
                key.unwrap_or_else(|| first_line(tree, tree.span(node)))
            }
        };
        if tree.is_open(node) {
            let message = format!("`{}` is known only when it is built", tree.raw(node));
            return Some(unknown(message, span));
        }
        if let Some(tag) = tree.tag(node) {
            return Some(fault(
                format!("the value of the tag `{tag}` is not known here"),
                span,
            ));
        }
        let scalar = || tree.resolve(node, self.walker.dialect);
        if kind == Kind::Scalar && matches!(scalar(), Scalar::Null) && self.format.null_is_absent {
            return None;
        }
        if kind == Kind::Scalar
            && self.walker.dialect == Dialect::Compose
            && *shape != Shape::Converted(Converter::Variables)
            && interpolated(tree.raw(node))
        {
            return Some(unknown(
                format!("`{}` is known only when it runs", tree.raw(node)),
                span,
            ));
        }
        if *shape == Shape::Converted(Converter::Names) && kind != Kind::Scalar {
            return Some(self.names(node, span));
        }
        let value = match (shape, kind) {
            (Shape::Bool, Kind::Scalar) => match scalar() {
                Scalar::Bool(bool) => Value::Bool(bool),
                other => return Some(contradiction(other, tree.raw(node), "true or false", span)),
            },
            (Shape::Long, Kind::Scalar) => match scalar() {
                Scalar::Int(number) => Value::Long(number),
                other => return Some(contradiction(other, tree.raw(node), "a whole number", span)),
            },
            (Shape::String, Kind::Scalar) => match scalar() {
                Scalar::Text(text) => Value::String(text.into()),
                other => return Some(contradiction(other, tree.raw(node), "text", span)),
            },
            (Shape::Text, Kind::Scalar) => match scalar() {
                Scalar::Null => {
                    return Some(contradiction(Scalar::Null, "", "text or a number", span));
                }
                _ => Value::String(tree.raw(node).into()),
            },
            (Shape::Converted(converter), Kind::Scalar) => {
                match convert(*converter, tree.raw(node), span) {
                    Ok(value) => value,
                    Err(why) => return Some(fault(format!("`{}` {why}", tree.raw(node)), span)),
                }
            }
            // One element is a list of one.
            (Shape::Set(element), _) if tree.repeats() => {
                Value::Set(self.value(element, node, key, site).into_iter().collect())
            }
            (Shape::Set(element), Kind::Sequence) => Value::Set(
                tree.items(node)
                    .filter_map(|item| self.value(element, item, None, site))
                    .collect(),
            ),
            // An element without elements in it is one all the same.
            (Shape::Record(attributes), kind)
                if kind == Kind::Mapping || kind == Kind::Scalar && tree.repeats() =>
            {
                let nearest = span;
                Value::Record(self.attributes(attributes, node, Site { nearest, ..site }))
            }
            (Shape::Bool | Shape::Long | Shape::String | Shape::Text | Shape::Converted(_), _) => {
                return Some(fault(
                    format!(
                        "{} stands where a single value is expected",
                        noun(tree, node)
                    ),
                    span,
                ));
            }
            (Shape::Set(_), _) => {
                return Some(fault(
                    format!("{} stands where a list is expected", noun(tree, node)),
                    span,
                ));
            }
            (Shape::Record(_), _) => {
                return Some(fault(
                    format!("{} stands where a mapping is expected", noun(tree, node)),
                    span,
                ));
            }
            (Shape::Entity(_), _) => return None,
        };
        Some(Attr { value, span })
    }

    /// The keys of a mapping, whether they have values or not, or the texts of a list.
    fn names(&self, node: NodeId, span: Span) -> Attr {
        let tree = self.walker.tree;
        let named: Vec<NodeId> = match tree.kind(node) {
            Kind::Mapping => {
                let entries = tree.entries(node).filter(|e| tree.is_member(e));
                entries.map(|e| e.key).collect()
            }
            Kind::Sequence | Kind::Scalar => tree.items(node).collect(),
        };
        let mut elements = Vec::with_capacity(named.len());
        for name in named {
            let at = tree.span(name);
            if tree.kind(name) != Kind::Scalar {
                return fault(
                    format!("{} stands where a name is expected", noun(tree, name)),
                    at,
                );
            }
            elements.push(Attr {
                value: Value::String(tree.raw(name).into()),
                span: at,
            });
        }
        Attr {
            value: Value::Set(elements),
            span,
        }
    }

    /// The members of a mapping as tags.
    fn tags(&self, path: &'t Path, shape: &'t Shape, site: Site<'_, 't>) -> Vec<(Box<str>, Attr)> {
        let tree = self.walker.tree;
        let mut tags: Vec<(Box<str>, Attr)> = Vec::new();
        for found in self.walker.all(path, site.roots) {
            let wrong = found.wrong.is_some() || !matches!(tree.kind(found.node), Kind::Mapping);
            if wrong {
                if !self.walker.is_null(found.node)
                    && let Some(attr) = self.found_value(&EMPTY_RECORD, &found, site)
                {
                    tags.push(("".into(), attr));
                }
                continue;
            }
            for entry in tree.entries(found.node) {
                let name = tree.raw(entry.key);
                let attr = match duplicate(tree, found.node, name) {
                    Some((first, second)) => Some(Attr {
                        value: Value::Fault(Box::new(twice(name, first))),
                        span: second,
                    }),
                    None => self.value(shape, entry.value, Some(tree.span(entry.key)), site),
                };
                if let Some(attr) = attr {
                    tags.push((name.into(), attr));
                }
            }
        }
        tags.sort_by(|a, b| a.0.cmp(&b.0));
        tags.dedup_by(|a, b| a.0 == b.0);
        tags
    }
}

/// Whether a value of a shape can be read from a node of a kind.
fn fits(shape: &Shape, kind: Kind) -> bool {
    match shape {
        Shape::Bool | Shape::Long | Shape::String | Shape::Text => kind == Kind::Scalar,
        Shape::Converted(converter) => kind == Kind::Scalar || *converter == Converter::Names,
        Shape::Set(_) => kind == Kind::Sequence,
        Shape::Record(_) => kind == Kind::Mapping,
        Shape::Entity(_) => false,
    }
}

/// What was taken over is text; whatever else the schema asks for it cannot be.
fn taken_over(shape: &Shape, taken: &Inherited) -> Attr {
    let value = match shape {
        Shape::String | Shape::Text => Ok(Value::String(taken.text.as_str().into())),
        Shape::Converted(converter) => convert(*converter, &taken.text, taken.span),
        Shape::Bool | Shape::Long | Shape::Set(_) | Shape::Record(_) | Shape::Entity(_) => {
            Err("is taken over as text, and the schema expects something else".to_owned())
        }
    };
    match value {
        Ok(value) => Attr {
            value,
            span: taken.span,
        },
        Err(why) => fault(format!("`{}` {why}", taken.text), taken.span),
    }
}

/// The names in a node.
static NAMES: Shape = Shape::Converted(Converter::Names);

/// All sets as one, which stands where the first does. What is wrong with one is wrong with all.
fn united(values: impl Iterator<Item = Attr>) -> Option<Attr> {
    let mut whole: Option<Attr> = None;
    for attr in values {
        match (&mut whole, attr.value) {
            (Some(whole), Value::Set(more)) => {
                if let Value::Set(elements) = &mut whole.value {
                    elements.extend(more);
                }
            }
            (None, value @ Value::Set(_)) => {
                whole = Some(Attr {
                    value,
                    span: attr.span,
                });
            }
            (_, value) => {
                return Some(Attr {
                    value,
                    span: attr.span,
                });
            }
        }
    }
    whole
}

/// What is not a mapping is a fault of this shape.
static EMPTY_RECORD: Shape = Shape::Record(Vec::new());

/// `parent/list/name`; siblings of one name are told apart by a number.
fn logical_name(
    prefix: &str,
    listed: bool,
    found: &Found<'_>,
    name: Option<&str>,
    taken: &mut BTreeSet<Arc<str>>,
) -> Arc<str> {
    let mut logical = prefix.to_owned();
    // A type that stands in one place of its object has the object's name.
    if listed {
        if let Key::Name(list) = found.list {
            logical.push('/');
            logical.push_str(list);
        }
        logical.push('/');
        match (name, found.key) {
            (Some(name), _) | (None, Key::Name(name)) => logical.push_str(name),
            (None, Key::Index(index)) => logical.push_str(&index.to_string()),
            (None, Key::None) => {}
        }
    }
    if taken.contains(logical.as_str()) {
        let mut number = 2;
        while taken.contains(format!("{logical}#{number}").as_str()) {
            number += 1;
        }
        logical = format!("{logical}#{number}");
    }
    let logical: Arc<str> = logical.into();
    taken.insert(logical.clone());
    logical
}

/// Whether a path may lead to more than one node.
fn many(path: &Path) -> bool {
    path.segments.iter().any(|segment| match segment {
        Segment::Child(selectors) => !matches!(
            selectors.as_slice(),
            [Selector::Name(_) | Selector::Index(_)]
        ),
        Segment::Descendant(_) => true,
    })
}

fn fault(message: String, span: Span) -> Attr {
    Attr {
        value: Value::Fault(Box::new(Fault {
            message,
            also: None,
            unknown: false,
        })),
        span,
    }
}

/// What is wrong with a secret is told without its value.
fn hushed(mut attr: Attr) -> Attr {
    if let Value::Fault(fault) = &mut attr.value {
        let what = if fault.unknown {
            "is known only when it runs"
        } else {
            "is not what the schema says"
        };
        fault.message = format!("the value {what}; it is a secret and not shown");
    }
    attr
}

/// Takes the values of secrets out of the text of a file: whoever shows it shows stars. Its length stays, so that places in it
/// do. `own` is the file of the extract.
#[must_use]
pub fn masked(plan: &Plan, extract: &Extract, own: FileId, file: FileId, text: &str) -> String {
    let mut spans = Vec::new();
    for entity in &extract.entities {
        if let Some(entity_type) = plan.entity_type(entity.of) {
            secrets(&entity_type.attributes, &entity.attributes, &mut spans);
        }
    }
    let mut masked = text.to_owned();
    for (span, assigned) in spans {
        let span = match extract.place(own, span) {
            place if place.file == file => place.span,
            _ => continue,
        };
        let Some(secret) = text.get(span.range()) else {
            continue;
        };
        // The name of an assignment is no secret.
        let name = match secret.find('=') {
            Some(at) if assigned => at + 1,
            _ => 0,
        };
        let stars: String = secret
            .char_indices()
            .map(|(at, c)| match c {
                _ if at < name || c.is_whitespace() => c.to_string(),
                _ => "*".repeat(c.len_utf8()),
            })
            .collect();
        masked.replace_range(span.range(), &stars);
    }
    masked
}

/// Where the secrets among attributes stand, and whether they are assignments.
fn secrets(attributes: &[Attribute], present: &[(u16, Attr)], spans: &mut Vec<(Span, bool)>) {
    for (index, attr) in present {
        let Some(attribute) = attributes.get(usize::from(*index)) else {
            continue;
        };
        if attribute.secret {
            let assigned = |shape: &Shape| *shape == Shape::Converted(Converter::Assignment);
            match (&attribute.shape, &attr.value) {
                (Shape::Set(element), Value::Set(elements)) => {
                    spans.extend(elements.iter().map(|e| (e.span, assigned(element))));
                }
                (shape, _) => spans.push((attr.span, assigned(shape))),
            }
        } else if let (Shape::Record(inner), Value::Record(present)) =
            (&attribute.shape, &attr.value)
        {
            secrets(inner, present, spans);
        }
    }
}

/// What stands where a hole is.
fn gap(hole: &Hole) -> Fault {
    Fault {
        message: hole.reason.clone(),
        also: None,
        unknown: hole.unknown,
    }
}

/// A value that only the run will know.
fn unknown(message: String, span: Span) -> Attr {
    Attr {
        value: Value::Fault(Box::new(Fault {
            message,
            also: None,
            unknown: true,
        })),
        span,
    }
}

fn twice(name: &str, first: Span) -> Fault {
    Fault {
        message: format!(
            "`{name}` stands twice in one mapping, and loaders differ on which counts"
        ),
        also: Some((first, "it stands here first".to_owned())),
        unknown: false,
    }
}

fn contradiction(scalar: Scalar<'_>, raw: &str, expected: &str, span: Span) -> Attr {
    let what = match scalar {
        Scalar::Null => "null",
        Scalar::Bool(_) => "a boolean",
        Scalar::Int(_) => "a number",
        Scalar::BigInt => "a number that is too large",
        Scalar::Float(_) => "a number with a fraction",
        Scalar::Text(_) => "text",
    };
    // Long texts would drown the message; the frame shows them anyway.
    let shown: String = raw.chars().take(40).collect();
    let more = if shown.len() < raw.len() { "…" } else { "" };
    fault(
        format!("`{shown}{more}` is {what}, and {expected} is expected"),
        span,
    )
}

/// The part of a span that stands on its first line.
fn first_line(tree: &Tree, span: Span) -> Span {
    let text = tree.text().get(span.range()).unwrap_or_default();
    let length = text.find('\n').unwrap_or(text.len());
    let trimmed = text.get(..length).unwrap_or_default().trim_end().len();
    Span::new(span.start as usize, span.start as usize + trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_the_name_or_by_the_end_of_the_path() {
        let format = |files: &[&str]| Format {
            system: None,
            name: String::new(),
            title: String::new(),
            files: files.iter().map(|f| (*f).to_owned()).collect(),
            dialect: Dialect::Core,
            assembly: None,
            null_is_absent: false,
            objects: Vec::new(),
            inherit: Vec::new(),
            identity: onus_model::plan::Identity::default(),
            roots: Vec::new(),
            actions: Vec::new(),
        };
        let plan = Plan {
            formats: vec![
                format(&["*.yaml", "*.yml"]),
                format(&["app/*.toml", "**/x/conf.yaml"]),
            ],
            ..Plan::default()
        };
        let names = FileNames::new(&plan);
        let check = |path: &str, expected: &[u16]| {
            let found: Vec<u16> = names.formats(path).into_iter().map(|f| f.0).collect();
            assert_eq!(found, expected, "{path}");
        };
        check("a/b.yaml", &[0]);
        check("b.yml", &[0]);
        check("b.yaml.bak", &[]);
        check("app/web.toml", &[1]);
        check("deep/app/web.toml", &[1]);
        check("happ/web.toml", &[]);
        check("x/conf.yaml", &[0, 1]);
    }

    #[test]
    fn a_document_in_a_text_is_found_by_the_member_that_holds_it() {
        let json = r#"{"name": "x", "compose": "services:\n  web:\n    image: \"a\"\n", "n": {}}"#;
        let limits = crate::document::Limits::default();
        let read = crate::document::read(json.into(), crate::document::Syntax::Json, &limits);
        let Ok(tree) = read else {
            panic!("it is JSON");
        };
        let inner = fragment(&tree, "compose");
        assert_eq!(
            inner.as_deref(),
            Some("services:\n  web:\n    image: \"a\"\n")
        );
        assert_eq!(fragment(&tree, "n"), None);
        assert_eq!(fragment(&tree, "absent"), None);
    }
}
