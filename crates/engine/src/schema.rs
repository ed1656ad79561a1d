//! Compiles annotated Cedar schemas into an extraction plan.
//!
//! The grammar of the annotations is in `docs/schemas.md`. Cedar itself parses the schemas; what is read here
//! are the annotations, and the types that the plan needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy_core::ast::{Annotation, AnyId};
use cedar_policy_core::est::Annotations;
use cedar_policy_core::extensions::Extensions;
use cedar_policy_core::parser::Loc;
use cedar_policy_core::validator::RawName;
use cedar_policy_core::validator::cedar_schema::parser::parse_cedar_schema_fragment;
use cedar_policy_core::validator::json_schema::{
    EntityTypeKind, Fragment, NamespaceDefinition, RecordType, Type, TypeOfAttribute, TypeVariant,
};
use onus_model::access::{Notation, System};
use onus_model::path::{Locator, Path, Pattern};
use onus_model::plan::{
    AccessNoun, Action, Assembly, Attribute, Chain, Converter, Dialect, EntityType, Format,
    FormatId, From, GrantSystem, Identity, Inherit, Looked, Lookup, Parameter, Plan, Shape, TypeId,
};
use onus_model::problem::{Problem, did_you_mean};
use onus_model::source::{Span, Text};
use rayon::prelude::*;

use crate::cedar_problem;
use crate::path::{Refusal, locators, path};

/// The annotations that may stand on a namespace, an entity type, an attribute.
const ON_NAMESPACE: [&str; 12] = [
    "title", "doc", "files", "dialect", "assemble", "null", "objects", "inherit", "identity",
    "extends", "system", "grants",
];
const ON_TYPE: [&str; 8] = [
    "title", "doc", "each", "also", "id", "tags", "access", "chain",
];
const ON_ATTRIBUTE: [&str; 15] = [
    "title", "doc", "from", "as", "list", "key", "keys", "count", "lookup", "chained", "secret",
    "now", "default", "min", "max",
];

/// On actions and common types.
const FOR_PEOPLE: [&str; 2] = ["title", "doc"];

/// Common types may refer to each other this deep.
const DEEPEST_TYPE: usize = 32;

struct Namespace<'s> {
    name: String,
    text: &'s Text,
    definition: NamespaceDefinition<RawName>,
}

/// Makes the plan of all formats in the schemas. Problems are collected; a plan with problems is not to be used.
pub(crate) fn plan(schemas: &[Text], problems: &mut Vec<Problem>) -> Plan {
    let mut namespaces = Vec::new();
    // Parsing them is most of a short run.
    let parsed: Vec<_> = schemas
        .par_iter()
        .map(|text| {
            parse_cedar_schema_fragment(&text.text, Extensions::all_available())
                .map(|(fragment, warnings)| (fragment, warnings.collect::<Vec<_>>()))
                .map_err(|error| Box::new(cedar_problem(&error, text)))
        })
        .collect();
    for (text, parsed) in schemas.iter().zip(parsed) {
        match parsed {
            Ok((Fragment(definitions), warnings)) => {
                for warning in warnings {
                    problems.push(cedar_problem(&warning, text));
                }
                for (name, definition) in definitions {
                    namespaces.push(Namespace {
                        name: name.map(|n| n.to_string()).unwrap_or_default(),
                        text,
                        definition,
                    });
                }
            }
            Err(problem) => problems.push(*problem),
        }
    }
    namespaces.sort_by(|a, b| a.name.cmp(&b.name));
    let mut compiler = Compiler {
        namespaces: &namespaces,
        types: BTreeMap::new(),
        plan: Plan::default(),
        problems,
    };
    compiler.declare();
    compiler.fill();
    compiler.plan
}

struct Compiler<'s, 'p> {
    namespaces: &'s [Namespace<'s>],
    /// Full names of entity types that belong to a format.
    types: BTreeMap<String, TypeId>,
    plan: Plan,
    problems: &'p mut Vec<Problem>,
}

/// What an attribute's annotations stand in.
#[derive(Clone, Copy)]
struct Within<'s> {
    namespace: &'s Namespace<'s>,
    /// Where to point when an annotation has no place of its own.
    fallback: Span,
}

impl<'s> Compiler<'s, '_> {
    /// Formats and the names of their types, so that they can refer to each other.
    fn declare(&mut self) {
        for namespace in self.namespaces {
            let annotations = &namespace.definition.annotations;
            self.known(namespace.text, annotations, &ON_NAMESPACE, Span::default());
            let extends = value(annotations, "extends");
            let files = value(annotations, "files");
            // Its things are not looked for in files: the readers of grants make them.
            let made = value(annotations, "grants").is_some();
            if files.is_none() && extends.is_none() && !made {
                self.reads_nothing(namespace);
                continue;
            }
            let mut format = Format {
                name: namespace.name.clone(),
                title: namespace.name.clone(),
                files: Vec::new(),
                dialect: Dialect::default(),
                assembly: None,
                null_is_absent: false,
                objects: Vec::new(),
                inherit: Vec::new(),
                identity: Identity::default(),
                roots: Vec::new(),
                actions: Vec::new(),
                system: value(annotations, "system").map(|a| a.val.to_string()),
            };
            if let Some(annotation) = extends {
                match self.plan.formats.iter().find(|f| f.name == annotation.val) {
                    Some(base) => {
                        format = Format {
                            name: format.name,
                            title: format.title,
                            system: format.system,
                            ..base.clone()
                        };
                    }
                    None => self.extends_nothing(namespace, annotation),
                }
            }
            self.settings(namespace, &mut format);
            let id = FormatId(u16::try_from(self.plan.formats.len()).unwrap_or(u16::MAX));
            self.plan.formats.push(format);
            for (name, entity) in &namespace.definition.entity_types {
                let full = qualified(&namespace.name, name.as_ref());
                let fallback = span(entity.loc.as_ref());
                self.known(namespace.text, &entity.annotations, &ON_TYPE, fallback);
                let type_id = TypeId(u16::try_from(self.plan.types.len()).unwrap_or(u16::MAX));
                self.types.insert(full.clone(), type_id);
                self.plan.types.push(EntityType {
                    title: value(&entity.annotations, "title")
                        .map_or_else(|| name.to_string(), |a| a.val.to_string()),
                    name: full.into(),
                    format: id,
                    parent: None,
                    children: Vec::new(),
                    each: Vec::new(),
                    id: None,
                    attributes: Vec::new(),
                    tags: None,
                    access: None,
                    chain: None,
                });
            }
        }
    }

    /// A namespace that is no format, and types in it that say where they are found.
    fn reads_nothing(&mut self, namespace: &Namespace<'_>) {
        for (name, entity) in &namespace.definition.entity_types {
            if let Some(annotation) = value(&entity.annotations, "each") {
                let fallback = span(entity.loc.as_ref());
                self.problems.push(
                    Problem::error(format!("no file is ever read for `{name}`"))
                        .at(namespace.text, inner(namespace.text, annotation, fallback), "")
                        .help(format!(
                            "say before `namespace {}` which files hold it, with `@files(\"*.yaml\")`, or which format it extends, with `@extends(\"…\")`",
                            namespace.name
                        )),
                );
            }
        }
    }

    fn extends_nothing(&mut self, namespace: &Namespace<'_>, annotation: &Annotation) {
        // Namespaces are compiled in order of name, so a base may also be one that comes later.
        let later = self
            .namespaces
            .iter()
            .any(|n| n.name == annotation.val && n.name > namespace.name);
        let message = if later {
            format!(
                "`{}` cannot extend `{}`, which comes later in the alphabet",
                namespace.name, annotation.val
            )
        } else {
            format!("there is no format `{}`", annotation.val)
        };
        let mut problem = Problem::error(message).at(
            namespace.text,
            inner(namespace.text, annotation, Span::default()),
            "extended here",
        );
        if let Some(name) = did_you_mean(
            &annotation.val,
            self.namespaces.iter().map(|n| n.name.as_str()),
        ) {
            problem = problem.help(format!("did you mean `{name}`?"));
        }
        self.problems.push(problem);
    }

    /// The annotations of a namespace.
    fn settings(&mut self, namespace: &Namespace<'_>, format: &mut Format) {
        let annotations = &namespace.definition.annotations;
        if let Some(title) = value(annotations, "title") {
            format.title = title.val.to_string();
        }
        if let Some(files) = value(annotations, "files") {
            format.files = words(&files.val);
        }
        if let Some(dialect) = value(annotations, "dialect") {
            match dialect.val.as_str() {
                "yaml-1.2" => format.dialect = Dialect::Core,
                "go-yaml" => format.dialect = Dialect::GoYaml,
                "compose" => format.dialect = Dialect::Compose,
                other => self.refuse(
                    namespace.text,
                    dialect,
                    format!("there is no dialect `{other}`"),
                    "the dialects are `yaml-1.2`, `go-yaml` and `compose`",
                ),
            }
        }
        if let Some(assemble) = value(annotations, "assemble") {
            let known = Assembly::ALL.map(Assembly::name);
            let word = assemble.val.as_str();
            format.assembly = Assembly::ALL.into_iter().find(|a| a.name() == word);
            if format.assembly.is_none() {
                let help = did_you_mean(word, known).map_or_else(
                    || format!("files are put together as `{}` do", known.join("` or `")),
                    |near| format!("did you mean `{near}`?"),
                );
                self.refuse(
                    namespace.text,
                    assemble,
                    format!("nothing is put together as `{word}`"),
                    help,
                );
            }
        }
        if let Some(null) = value(annotations, "null") {
            match null.val.as_str() {
                "absent" => format.null_is_absent = true,
                "value" => format.null_is_absent = false,
                other => self.refuse(
                    namespace.text,
                    null,
                    format!("`@null` cannot be `{other}`"),
                    "write `absent` where the loader drops null, else `value`",
                ),
            }
        }
        if let Some(objects) = value(annotations, "objects") {
            format.objects = self.locations(namespace.text, objects, Span::default());
        }
        if format.objects.is_empty() {
            format.objects = locators("$").unwrap_or_default();
        }
        if let Some(inherit) = value(annotations, "inherit") {
            format.inherit = words(&inherit.val)
                .iter()
                .map(|word| {
                    let (member, pattern) = word.split_once('=').unwrap_or((word, "*"));
                    Inherit {
                        member: member.to_owned(),
                        pattern: Pattern::new(pattern),
                    }
                })
                .collect();
        }
        if let Some(identity) = value(annotations, "identity") {
            format.identity = self.identity(namespace.text, identity);
        }
    }

    /// `kind: PATH, namespace: PATH, name: PATH`, each any number of times.
    fn identity(&mut self, text: &Text, annotation: &Annotation) -> Identity {
        let mut identity = Identity::default();
        for part in annotation.val.split(',') {
            let (word, written) = part.split_once(':').unwrap_or((part, ""));
            let place = match word.trim() {
                "kind" => &mut identity.kind,
                "namespace" => &mut identity.namespace,
                "name" => &mut identity.name,
                other => {
                    self.refuse(
                        text,
                        annotation,
                        format!("`{other}` is no part of an identity"),
                        "write `kind: $.kind, namespace: $.metadata.namespace, name: $.metadata.name`, or some of them",
                    );
                    continue;
                }
            };
            match path(written.trim()) {
                Ok(path) => place.push(path),
                Err(refusal) => {
                    let at = Span::new(0, 0);
                    self.refused(
                        text,
                        annotation,
                        at,
                        Refusal {
                            span: Span::default(),
                            ..refusal
                        },
                    );
                }
            }
        }
        identity
    }

    /// Types, attributes, actions: everything that may refer to another type.
    fn fill(&mut self) {
        for namespace in self.namespaces {
            for common in namespace.definition.common_types.values() {
                let fallback = span(common.loc.as_ref());
                self.known(namespace.text, &common.annotations, &FOR_PEOPLE, fallback);
            }
            for action in namespace.definition.actions.values() {
                let fallback = span(action.loc.as_ref());
                self.known(namespace.text, &action.annotations, &FOR_PEOPLE, fallback);
            }
        }
        let mut also: Vec<(TypeId, Vec<Locator>)> = Vec::new();
        for namespace in self.namespaces {
            let Some(format) = self
                .plan
                .formats
                .iter()
                .position(|f| f.name == namespace.name)
            else {
                continue;
            };
            let format = FormatId(u16::try_from(format).unwrap_or(u16::MAX));
            for (name, entity) in &namespace.definition.entity_types {
                let full = qualified(&namespace.name, name.as_ref());
                let Some(id) = self.types.get(&full).copied() else {
                    continue;
                };
                let within = Within {
                    namespace,
                    fallback: span(entity.loc.as_ref()),
                };
                let EntityTypeKind::Standard(standard) = &entity.kind else {
                    continue;
                };
                let each = value(&entity.annotations, "each")
                    .map(|a| self.locations(namespace.text, a, within.fallback))
                    .unwrap_or_default();
                let parent = standard
                    .member_of_types
                    .iter()
                    .find_map(|raw| self.type_named(namespace, &raw.to_string()));
                if let Some(annotation) = value(&entity.annotations, "also") {
                    for target in words(&annotation.val) {
                        match self.types.get(&target) {
                            Some(target) => also.push((*target, each.clone())),
                            None => self.no_type(namespace.text, annotation, &target),
                        }
                    }
                }
                let attributes = match &standard.shape.0 {
                    Type::Type {
                        ty: TypeVariant::Record(record),
                        ..
                    } => self.attributes(within, record, 0),
                    other => match self.shape(within, other, None, 0) {
                        Some(Shape::Record(attributes)) => attributes,
                        _ => Vec::new(),
                    },
                };
                let id_path = value(&entity.annotations, "id")
                    .and_then(|a| self.one(namespace.text, a, within.fallback));
                let tags = match (&standard.tags, value(&entity.annotations, "tags")) {
                    (Some(ty), Some(annotation)) => {
                        let path = self.one(namespace.text, annotation, within.fallback);
                        let shape = match self.shape(within, ty, None, 0) {
                            // Tags hold whatever a mapping holds: scalars are taken as they are written.
                            Some(Shape::String) => Some(Shape::Text),
                            other => other,
                        };
                        path.zip(shape)
                    }
                    (None, Some(annotation)) => {
                        self.refuse(
                            namespace.text,
                            annotation,
                            format!("`{full}` has no tags"),
                            "declare them: `entity … = { … } tags String;`",
                        );
                        None
                    }
                    (_, None) => None,
                };
                let list = match parent {
                    Some(parent) => self
                        .plan
                        .types
                        .get_mut(usize::from(parent.0))
                        .map(|t| &mut t.children),
                    None => self
                        .plan
                        .formats
                        .get_mut(usize::from(format.0))
                        .map(|f| &mut f.roots),
                };
                if let Some(list) = list {
                    list.push(id);
                }
                if let Some(entity_type) = self.plan.types.get_mut(usize::from(id.0)) {
                    entity_type.parent = parent;
                    entity_type.each = each;
                    entity_type.id = id_path;
                    entity_type.attributes = attributes;
                    entity_type.tags = tags;
                }
                if let Some(annotation) = value(&entity.annotations, "access") {
                    self.access(within, annotation, id, &full);
                }
                let chain = value(&entity.annotations, "chain");
                self.chain(within, chain, id, &full);
            }
            self.actions(namespace, format);
        }
        self.systems();
        self.looked_up();
        for (target, each) in also {
            if let Some(entity_type) = self.plan.types.get_mut(usize::from(target.0)) {
                entity_type.each.extend(each);
            }
        }
        self.plan.parameters.sort_by(|a, b| a.name.cmp(&b.name));
        self.plan.parameters.dedup_by(|a, b| a.name == b.name);
    }

    /// The members that chain the records of a type: `hash: NAME, previous: NAME, sequence?: NAME`.
    fn chain(
        &mut self,
        within: Within<'s>,
        annotation: Option<&Annotation>,
        id: TypeId,
        full: &str,
    ) {
        const FORM: &str =
            "write `hash: NAME, previous: NAME, sequence: NAME`, or `sequence?:`, or no sequence";
        let text = within.namespace.text;
        let Some(annotation) = annotation else {
            let asks = self.plan.entity_type(id).is_some_and(|t| {
                let mut attributes = t.attributes.iter();
                attributes.any(|a| matches!(a.from, From::Chained))
            });
            if asks {
                let message = format!("the things of `{full}` are not chained");
                self.problems.push(
                    Problem::error(message)
                        .at(text, within.fallback, "")
                        .help("say before `entity` which members chain them, with `@chain(\"hash: NAME, previous: NAME\")`"),
                );
            }
            return;
        };
        let (mut hash, mut previous, mut sequence) = (None, None, None);
        for part in annotation.val.split(',') {
            let (word, name) = part.split_once(':').unwrap_or((part, ""));
            let (word, name) = (word.trim(), name.trim());
            let twice = match word {
                "hash" => hash.replace(name.to_owned()).is_some(),
                "previous" => previous.replace(name.to_owned()).is_some(),
                "sequence" | "sequence?" => {
                    let required = word == "sequence";
                    sequence.replace((name.to_owned(), required)).is_some()
                }
                other => {
                    let message = format!("`{other}` is no part of a chain");
                    self.refuse(text, annotation, message, FORM);
                    return;
                }
            };
            if twice || name.is_empty() {
                let message = if twice {
                    format!("`{word}` stands twice")
                } else {
                    format!("`{word}` has no name")
                };
                self.refuse(text, annotation, message, FORM);
                return;
            }
        }
        let (Some(hash), Some(previous)) = (hash, previous) else {
            let message = "a chain needs `hash` and `previous`";
            self.refuse(text, annotation, message.to_owned(), FORM);
            return;
        };
        if let Some(entity_type) = self.plan.types.get_mut(usize::from(id.0)) {
            entity_type.chain = Some(Chain {
                hash,
                previous,
                sequence,
            });
        }
    }

    /// Whether an attribute may say what a chain comes to.
    fn chained(&mut self, within: Within<'s>, shape: &Shape, depth: usize, at: Span) -> bool {
        let message = if depth > 0 {
            "`@chained` stands in a record, and a thing has one chain"
        } else if *shape != Shape::String {
            "what a chain comes to is a `String`"
        } else {
            return true;
        };
        let problem = Problem::error(message).at(within.namespace.text, at, "");
        self.problems.push(problem);
        false
    }

    /// What a type says about access, and whether it has the attributes to say it with.
    fn access(&mut self, within: Within<'s>, annotation: &Annotation, id: TypeId, full: &str) {
        let text = within.namespace.text;
        let word = annotation.val.as_str();
        let Some(noun) = AccessNoun::ALL.into_iter().find(|n| n.name() == word) else {
            let known = AccessNoun::ALL.map(AccessNoun::name);
            let help = did_you_mean(word, known).map_or_else(
                || format!("write one of `{}`", known.join("`, `")),
                |near| format!("did you mean `{near}`?"),
            );
            self.refuse(
                text,
                annotation,
                format!("`{word}` is nothing that a table says about access"),
                help,
            );
            return;
        };
        let Some(entity_type) = self.plan.types.get_mut(usize::from(id.0)) else {
            return;
        };
        let has = |name: &&&str| entity_type.attributes.iter().any(|a| a.name == **name);
        let whole = noun
            .needs()
            .iter()
            .any(|names| names.iter().filter(has).count() == names.len());
        entity_type.access = Some(noun);
        if !whole {
            let needs: Vec<String> = noun
                .needs()
                .iter()
                .map(|names| format!("`{}`", names.join("` and `")))
                .collect();
            self.refuse(
                text,
                annotation,
                format!("`{full}` does not say enough to be a {word}"),
                format!("it needs the attributes {}", needs.join(", or ")),
            );
        }
    }

    /// The namespaces that declare actions which subjects may be granted.
    fn systems(&mut self) {
        for namespace in self.namespaces {
            let granted = namespace.definition.actions.iter().filter(|(_, action)| {
                action.applies_to.as_ref().is_some_and(|applies| {
                    let mut principals = applies.principal_types.iter();
                    principals.any(|p| p.to_string() == "Onus::Subject")
                })
            });
            let mut actions: Vec<Arc<str>> =
                granted.map(|(name, _)| name.as_str().into()).collect();
            if actions.is_empty() || namespace.name == "Onus" {
                continue;
            }
            actions.sort();
            let annotations = &namespace.definition.annotations;
            let name = value(annotations, "system").map_or_else(
                || namespace.name.to_lowercase(),
                |annotation| annotation.val.to_string(),
            );
            let notation = Notation::of(&name);
            self.plan.systems.push(GrantSystem {
                namespace: namespace.name.clone(),
                system: Arc::new(System {
                    name: name.into(),
                    notation,
                    actions: notation.is_closed().then(|| Arc::from(actions.as_slice())),
                }),
                actions,
            });
        }
    }

    fn actions(&mut self, namespace: &'s Namespace<'s>, format: FormatId) {
        for (name, action) in &namespace.definition.actions {
            let within = Within {
                namespace,
                fallback: span(action.loc.as_ref()),
            };
            let context = match action.applies_to.as_ref().map(|a| &a.context.0) {
                Some(Type::Type {
                    ty: TypeVariant::Record(record),
                    ..
                }) => {
                    self.parameters(within, record, "", 0);
                    self.attributes(within, record, 0)
                }
                Some(Type::CommonTypeRef { .. } | Type::Type { .. }) | None => Vec::new(),
            };
            let name = format!("{}::Action::{name:?}", namespace.name);
            let resources = action.applies_to.iter().flat_map(|a| &a.resource_types);
            let on = resources
                .filter_map(|of| self.type_named(namespace, &of.to_string()))
                .collect();
            if let Some(format) = self.plan.formats.get_mut(usize::from(format.0)) {
                format.actions.push(Action { name, on, context });
            }
        }
    }

    /// What is not a record in a context is a parameter, named by the way to it.
    fn parameters(
        &mut self,
        within: Within<'s>,
        record: &RecordType<RawName>,
        prefix: &str,
        depth: usize,
    ) {
        if depth > DEEPEST_TYPE {
            return;
        }
        for (name, attribute) in &record.attributes {
            let name = if prefix.is_empty() {
                name.to_string()
            } else {
                format!("{prefix}.{name}")
            };
            if let (None, Some(nested)) = (
                value(&attribute.annotations, "as"),
                self.record_of(within.namespace, &attribute.ty),
            ) {
                self.parameters(within, nested, &name, depth + 1);
                continue;
            }
            let Some(shape) = self.shape(within, &attribute.ty, Some(attribute), 0) else {
                continue;
            };
            let text = |word| value(&attribute.annotations, word).map(|a| a.val.to_string());
            let clock = value(&attribute.annotations, "now").is_some();
            if clock && shape != Shape::Converted(Converter::Date) {
                self.problems.push(
                    Problem::error(format!("the clock `{name}` is no `datetime`")).at(
                        within.namespace.text,
                        self.place(within, attribute, "now"),
                        "",
                    ),
                );
            }
            let default = text("default");
            let declared = value(&attribute.annotations, "default")
                .and_then(|a| a.loc.as_ref())
                .map_or(within.fallback, |loc| span(Some(loc)));
            if attribute.required && default.is_none() && !clock {
                self.problems.push(
                    Problem::error(format!("the parameter `{name}` has no default"))
                        .at(within.namespace.text, declared, "")
                        .help(format!(
                            "add `@default(\"…\")`, or make it optional: `{name}?`"
                        )),
                );
            }
            self.plan.parameters.push(Parameter {
                name,
                shape,
                default,
                min: text("min"),
                max: text("max"),
                clock,
                declared: (within.namespace.text.clone(), declared),
            });
        }
    }

    /// The record that a type is, directly or by name.
    fn record_of<'a>(
        &self,
        namespace: &'a Namespace<'s>,
        ty: &'a Type<RawName>,
    ) -> Option<&'a RecordType<RawName>>
    where
        's: 'a,
    {
        match ty {
            Type::Type {
                ty: TypeVariant::Record(record),
                ..
            } => Some(record),
            Type::Type {
                ty: TypeVariant::EntityOrCommon { type_name },
                ..
            }
            | Type::CommonTypeRef { type_name, .. } => {
                let common = self.common(namespace, &type_name.to_string())?;
                self.record_of(common.0, common.1)
            }
            Type::Type { .. } => None,
        }
    }

    fn common<'a>(
        &self,
        namespace: &'a Namespace<'s>,
        name: &str,
    ) -> Option<(&'a Namespace<'s>, &'a Type<RawName>)>
    where
        's: 'a,
    {
        let (space, base) = name.rsplit_once("::").unwrap_or(("", name));
        let home = if space.is_empty() {
            namespace
        } else {
            self.namespaces.iter().find(|n| n.name == space)?
        };
        home.definition
            .common_types
            .iter()
            .find(|(id, _)| id.to_string() == base)
            .map(|(_, common)| (home, &common.ty))
    }

    fn type_named(&self, namespace: &Namespace<'_>, name: &str) -> Option<TypeId> {
        self.types
            .get(&qualified(&namespace.name, name))
            .or_else(|| self.types.get(name))
            .copied()
    }

    fn attributes(
        &mut self,
        within: Within<'s>,
        record: &RecordType<RawName>,
        depth: usize,
    ) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        for (name, attribute) in &record.attributes {
            self.known(
                within.namespace.text,
                &attribute.annotations,
                &ON_ATTRIBUTE,
                within.fallback,
            );
            let Some(shape) = self.shape(within, &attribute.ty, Some(attribute), depth) else {
                continue;
            };
            let marks: Vec<&str> = ["from", "list", "key", "keys", "count", "lookup", "chained"]
                .into_iter()
                .filter(|word| value(&attribute.annotations, word).is_some())
                .collect();
            if let [first, second, ..] = marks.as_slice() {
                self.problems.push(
                    Problem::error(format!("`{name}` has both `@{first}` and `@{second}`")).at(
                        within.namespace.text,
                        self.place(within, attribute, second),
                        "one place only",
                    ),
                );
            }
            let from = match (marks.first(), &shape) {
                (Some(&"from"), _) => match value(&attribute.annotations, "from")
                    .map(|a| self.several(within.namespace.text, a, within.fallback))
                {
                    Some(mut paths) => match (paths.pop(), paths.is_empty()) {
                        (Some(path), true) => From::Path(path),
                        (Some(last), false) => {
                            paths.push(last);
                            From::Paths(paths)
                        }
                        (None, _) => continue,
                    },
                    None => continue,
                },
                (Some(&"count"), _) => {
                    if shape != Shape::Long {
                        self.problems.push(
                            Problem::error(format!("the count `{name}` is no `Long`")).at(
                                within.namespace.text,
                                self.place(within, attribute, "count"),
                                "",
                            ),
                        );
                    }
                    match value(&attribute.annotations, "count")
                        .and_then(|a| self.one(within.namespace.text, a, within.fallback))
                    {
                        Some(path) => From::Count(path),
                        None => continue,
                    }
                }
                (Some(&"chained"), _) => {
                    let at = self.place(within, attribute, "chained");
                    if !self.chained(within, &shape, depth, at) {
                        continue;
                    }
                    From::Chained
                }
                (Some(&"list"), _) => From::List,
                (Some(&"key"), _) => From::Key,
                (Some(&"lookup"), _) => match self.lookup(within, attribute, &shape, depth) {
                    Some(lookup) => From::Lookup(Box::new(lookup)),
                    None => continue,
                },
                (Some(_), _) => From::Keys,
                (None, Shape::Entity(id)) => From::Enclosing(*id),
                (None, _) => From::Member,
            };
            attributes.push(Attribute {
                name: name.to_string(),
                required: attribute.required,
                secret: value(&attribute.annotations, "secret").is_some(),
                from,
                shape,
            });
        }
        attributes
    }

    /// `Type.attribute`, or `Type[attribute = own].attribute`.
    fn lookup(
        &mut self,
        within: Within<'s>,
        attribute: &TypeOfAttribute<RawName>,
        shape: &Shape,
        depth: usize,
    ) -> Option<Lookup> {
        let text = within.namespace.text;
        let annotation = value(&attribute.annotations, "lookup")?;
        let flat = matches!(shape, Shape::Set(element) if !matches!(**element, Shape::Set(_) | Shape::Record(_) | Shape::Entity(_)));
        if depth > 0 || !flat {
            self.refuse(
                text,
                annotation,
                "a lookup is a set of single values, of a thing and not of a record in it"
                    .to_owned(),
                "declare it on the entity type, as `Set<String>`, `Set<Long>` or `Set<Bool>`",
            );
            return None;
        }
        let written = annotation.val.as_str();
        let mut same_file = false;
        let parsed = written.rsplit_once('.').and_then(|(of, member)| {
            let (of, equal) = match of.split_once('[') {
                Some((of, conditions)) => {
                    let mut equal = None;
                    for condition in conditions.strip_suffix(']')?.split(',') {
                        match condition.split_once('=') {
                            None if condition.trim() == "file" => same_file = true,
                            Some((theirs, ours)) if equal.is_none() => {
                                equal = Some((theirs.trim().to_owned(), ours.trim().to_owned()));
                            }
                            _ => return None,
                        }
                    }
                    (of, equal)
                }
                None => (of, None),
            };
            Some((of.trim(), equal, member.trim().to_owned()))
        });
        let Some((of, equal, member)) = parsed else {
            self.refuse(
                text,
                annotation,
                format!("`{written}` is no lookup"),
                "write `Type.attribute`, or `Type[attribute = own].attribute`; `file` beside the condition keeps it to the same file",
            );
            return None;
        };
        let of = if of == "Onus::File" {
            Looked::Files
        } else if let Some(id) = self.type_named(within.namespace, of) {
            Looked::Things(id)
        } else {
            self.no_type(text, annotation, of);
            return None;
        };
        Some(Lookup {
            of,
            attribute: member,
            equal,
            same_file,
        })
    }

    /// Lookups name attributes, of their own type and of another, that must be there.
    fn looked_up(&mut self) {
        let mut missing: Vec<(String, String)> = Vec::new();
        for entity_type in &self.plan.types {
            let has = |of: &EntityType, name: &str| of.attributes.iter().any(|a| a.name == name);
            for attribute in &entity_type.attributes {
                let From::Lookup(lookup) = &attribute.from else {
                    continue;
                };
                let mut wanted: Vec<(&str, bool, &str)> = Vec::new();
                let theirs = lookup.equal.iter().map(|(theirs, _)| theirs.as_str());
                for name in theirs.chain([lookup.attribute.as_str()]) {
                    match lookup.of {
                        Looked::Files => wanted.push(("Onus::File", name == "path", name)),
                        Looked::Things(id) => {
                            if let Some(other) = self.plan.entity_type(id) {
                                wanted.push((&other.name, has(other, name), name));
                            }
                        }
                    }
                }
                if let Some((_, ours)) = &lookup.equal {
                    wanted.push((&entity_type.name, has(entity_type, ours), ours));
                }
                let gone = wanted.iter().filter(|(_, there, _)| !there);
                missing.extend(gone.map(|(of, _, name)| {
                    (
                        format!("`{of}` has no attribute `{name}`"),
                        attribute.name.clone(),
                    )
                }));
            }
        }
        for (message, attribute) in missing {
            let home = self.namespaces.iter().find_map(|n| {
                let annotations =
                    n.definition
                        .entity_types
                        .values()
                        .filter_map(|e| match &e.kind {
                            EntityTypeKind::Standard(standard) => Some(&standard.shape.0),
                            EntityTypeKind::Enum { .. } => None,
                        });
                annotations
                    .filter_map(|shape| match shape {
                        Type::Type {
                            ty: TypeVariant::Record(record),
                            ..
                        } => record.attributes.get(attribute.as_str()),
                        _ => None,
                    })
                    .find_map(|a| value(&a.annotations, "lookup"))
                    .map(|annotation| (n.text, inner(n.text, annotation, Span::default())))
            });
            let problem = Problem::error(message);
            self.problems.push(match home {
                Some((text, at)) => problem.at(text, at, "looked up here"),
                None => problem,
            });
        }
    }

    fn place(&self, within: Within<'s>, attribute: &TypeOfAttribute<RawName>, word: &str) -> Span {
        value(&attribute.annotations, word)
            .and_then(|a| a.loc.as_ref())
            .map_or(within.fallback, |loc| span(Some(loc)))
    }

    /// What a value of a type must be; `None` after a problem was reported.
    fn shape(
        &mut self,
        within: Within<'s>,
        ty: &Type<RawName>,
        attribute: Option<&TypeOfAttribute<RawName>>,
        depth: usize,
    ) -> Option<Shape> {
        if depth > DEEPEST_TYPE {
            self.problems
                .push(Problem::error("types are nested too deeply").at(
                    within.namespace.text,
                    within.fallback,
                    "",
                ));
            return None;
        }
        if let Some(annotation) = attribute.and_then(|a| value(&a.annotations, "as")) {
            if annotation.val == "text" {
                return Some(Shape::Text);
            }
            let converter = Converter::ALL
                .into_iter()
                .find(|c| c.name() == annotation.val);
            if converter.is_none() {
                let known = Converter::ALL.map(Converter::name);
                let help = did_you_mean(&annotation.val, known).map_or_else(
                    || format!("the converters are `text`, `{}`", known.join("`, `")),
                    |name| format!("did you mean `{name}`?"),
                );
                self.refuse(
                    within.namespace.text,
                    annotation,
                    format!("there is no converter `{}`", annotation.val),
                    help,
                );
            }
            // A set of what is converted, unless the converter makes the set.
            let set = matches!(
                ty,
                Type::Type {
                    ty: TypeVariant::Set { .. },
                    ..
                }
            );
            return converter.map(|converter| match (set, converter) {
                (true, Converter::Variables | Converter::Names | Converter::Metrics)
                | (false, _) => Shape::Converted(converter),
                (true, _) => Shape::Set(Box::new(Shape::Converted(converter))),
            });
        }
        let (variant, loc) = match ty {
            Type::Type { ty, loc } => (ty, loc),
            Type::CommonTypeRef { type_name, .. } => {
                return self.common_shape(within, &type_name.to_string(), depth);
            }
        };
        match variant {
            TypeVariant::String => Some(Shape::String),
            TypeVariant::Long => Some(Shape::Long),
            TypeVariant::Boolean => Some(Shape::Bool),
            TypeVariant::Set { element } => {
                let element = self.shape(within, element, None, depth + 1)?;
                Some(Shape::Set(Box::new(element)))
            }
            TypeVariant::Record(record) => {
                Some(Shape::Record(self.attributes(within, record, depth + 1)))
            }
            TypeVariant::Entity { name } => self
                .type_named(within.namespace, &name.to_string())
                .map(Shape::Entity),
            TypeVariant::EntityOrCommon { type_name } => {
                let name = type_name.to_string();
                match name.strip_prefix("__cedar::").unwrap_or(&name) {
                    "String" => return Some(Shape::String),
                    "Long" => return Some(Shape::Long),
                    "Bool" => return Some(Shape::Bool),
                    "ipaddr" => return Some(Shape::Converted(Converter::Cidr)),
                    "datetime" => return Some(Shape::Converted(Converter::Date)),
                    _ => {}
                }
                if self.common(within.namespace, &name).is_some() {
                    return self.common_shape(within, &name, depth);
                }
                let found = self.type_named(within.namespace, &name);
                if found.is_none() {
                    self.problems.push(
                        Problem::error(format!("`{name}` cannot be read from a file"))
                            .at(within.namespace.text, span(loc.as_ref()), "")
                            .help("attributes are booleans, whole numbers, texts, sets, records, or enclosing entities; see docs/schemas.md"),
                    );
                }
                found.map(Shape::Entity)
            }
            TypeVariant::Extension { name } => {
                let name: &str = name.as_ref();
                if name == "ipaddr" {
                    return Some(Shape::Converted(Converter::Cidr));
                }
                if name == "datetime" {
                    return Some(Shape::Converted(Converter::Date));
                }
                self.problems.push(
                    Problem::error(format!("`{name}` cannot be read from a file"))
                        .at(within.namespace.text, span(loc.as_ref()), "")
                        .help("of Cedar's extension types only `ipaddr` and `datetime` are read"),
                );
                None
            }
        }
    }

    /// What a common type stands for.
    fn common_shape(&mut self, within: Within<'s>, name: &str, depth: usize) -> Option<Shape> {
        let (namespace, common) = self.common(within.namespace, name)?;
        self.shape(
            Within {
                namespace,
                ..within
            },
            common,
            None,
            depth + 1,
        )
    }

    fn locations(&mut self, text: &Text, annotation: &Annotation, fallback: Span) -> Vec<Locator> {
        match locators(&annotation.val) {
            Ok(found) => found,
            Err(refusal) => {
                self.refused(text, annotation, fallback, refusal);
                Vec::new()
            }
        }
    }

    /// `A | B`, each a path; a location without guards is one.
    fn several(&mut self, text: &Text, annotation: &Annotation, fallback: Span) -> Vec<Path> {
        if !annotation.val.contains('|') {
            return self.one(text, annotation, fallback).into_iter().collect();
        }
        let found = self.locations(text, annotation, fallback);
        if found.iter().any(|l| !l.guards.is_empty()) {
            self.refuse(
                text,
                annotation,
                "guards cannot stand here".to_owned(),
                "write paths alone: `$.a | $.b`",
            );
        }
        found.into_iter().map(|l| l.path).collect()
    }

    fn one(&mut self, text: &Text, annotation: &Annotation, fallback: Span) -> Option<Path> {
        match path(&annotation.val) {
            Ok(path) => Some(path),
            Err(refusal) => {
                self.refused(text, annotation, fallback, refusal);
                None
            }
        }
    }

    /// A malformed path: its place inside the annotation is its place in the file, unless escapes moved it.
    fn refused(&mut self, text: &Text, annotation: &Annotation, fallback: Span, refusal: Refusal) {
        let whole = inner(text, annotation, fallback);
        let verbatim = text.text.get(whole.range()) == Some(annotation.val.as_str());
        let at = if verbatim {
            Span {
                start: whole.start + refusal.span.start,
                end: whole.start + refusal.span.end,
            }
        } else {
            whole
        };
        self.problems.push(
            Problem::error(refusal.message)
                .at(text, at, "here")
                .help("paths are JSONPath (RFC 9535); see docs/schemas.md"),
        );
    }

    fn refuse(
        &mut self,
        text: &Text,
        annotation: &Annotation,
        message: String,
        help: impl Into<String>,
    ) {
        let at = inner(text, annotation, Span::default());
        self.problems
            .push(Problem::error(message).at(text, at, "").help(help));
    }

    fn no_type(&mut self, text: &Text, annotation: &Annotation, name: &str) {
        let at = inner(text, annotation, Span::default());
        let mut problem = Problem::error(format!("there is no type `{name}`")).at(text, at, "");
        if let Some(known) = did_you_mean(name, self.types.keys().map(String::as_str)) {
            problem = problem.help(format!("did you mean `{known}`?"));
        }
        self.problems.push(problem);
    }

    /// Every annotation must be one that means something here.
    fn known(&mut self, text: &Text, annotations: &Annotations, known: &[&str], fallback: Span) {
        for (name, annotation) in &annotations.0 {
            let name: &str = name.as_ref();
            if known.contains(&name) {
                continue;
            }
            let at = annotation
                .as_ref()
                .and_then(|a| a.loc.as_ref())
                .map_or_else(
                    || find_annotation(text, name).unwrap_or(fallback),
                    |loc| name_before(text, name, span(Some(loc))),
                );
            let help = did_you_mean(name, known.iter().copied()).map_or_else(
                || format!("known here are `@{}`", known.join("`, `@")),
                |near| format!("did you mean `@{near}`?"),
            );
            self.problems.push(
                Problem::error(format!("there is no annotation `@{name}` here"))
                    .at(text, at, "unknown")
                    .help(help),
            );
        }
    }
}

/// The name of an annotation, which stands before its value.
fn name_before(text: &Text, name: &str, value: Span) -> Span {
    let before = text.text.get(..value.start as usize).unwrap_or_default();
    match before.rfind(&format!("@{name}")) {
        Some(start) => Span::new(start, start + name.len() + 1),
        None => value,
    }
}

/// An annotation without a value has no place in Cedar's tree: it is looked up in the text.
fn find_annotation(text: &Text, name: &str) -> Option<Span> {
    let start = text.text.find(&format!("@{name}"))?;
    Some(Span::new(start, start + name.len() + 1))
}

fn value<'a>(annotations: &'a Annotations, word: &str) -> Option<&'a Annotation> {
    static EMPTY: std::sync::LazyLock<Annotation> =
        std::sync::LazyLock::new(|| Annotation::with_optional_value(None, None));
    annotations
        .0
        .iter()
        .find(|(name, _): &(&AnyId, _)| {
            let name: &str = name.as_ref();
            name == word
        })
        .map(|(_, annotation)| annotation.as_ref().unwrap_or(&EMPTY))
}

/// `a, b c` and line breaks between.
fn words(list: &str) -> Vec<String> {
    list.split([',', ' ', '\n', '\t', '\r'])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn qualified(namespace: &str, name: &str) -> String {
    if namespace.is_empty() || name.contains("::") {
        name.to_owned()
    } else {
        format!("{namespace}::{name}")
    }
}

fn span(loc: Option<&Loc>) -> Span {
    loc.map_or(Span::default(), |loc| Span::new(loc.start(), loc.end()))
}

/// The text between the quotes of an annotation.
fn inner(text: &Text, annotation: &Annotation, fallback: Span) -> Span {
    let Some(loc) = &annotation.loc else {
        return fallback;
    };
    let whole = span(Some(loc));
    let Some(written) = text.text.get(whole.range()) else {
        return whole;
    };
    match (written.find('"'), written.rfind('"')) {
        (Some(open), Some(close)) if open < close => Span::new(
            whole.start as usize + open + 1,
            whole.start as usize + close,
        ),
        _ => whole,
    }
}
