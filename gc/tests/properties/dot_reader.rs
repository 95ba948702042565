//! A reader of Graphviz's language, as far as pictures of object graphs need it.

use core::iter::Peekable;
use core::str::Chars;
use std::collections::BTreeMap;

/// What a text draws.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    /// By name, the attributes of each.
    pub(crate) nodes: BTreeMap<String, BTreeMap<String, String>>,
    /// From, to, and the label without the table around it.
    pub(crate) edges: Vec<(String, String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Mark(char),
    Arrow,
}

impl Picture {
    /// Panics where the text is not of the language.
    pub(crate) fn read(text: &str) -> Self {
        let tokens = tokens(text);
        let (start, end) = (&tokens[..3], &tokens[tokens.len() - 1..]);
        assert_eq!(start, [word("digraph"), word("objects"), Token::Mark('{')]);
        assert_eq!(end, [Token::Mark('}')]);
        let mut picture = Self::default();
        let statements = &tokens[3..tokens.len() - 1];
        for statement in statements.split(|token| *token == Token::Mark(';')).filter(|tokens| !tokens.is_empty()) {
            picture.add(statement);
        }
        for (from, to, _) in &picture.edges {
            assert!(picture.nodes.contains_key(from) && picture.nodes.contains_key(to), "{from} -> {to}");
        }
        picture
    }

    fn add(&mut self, statement: &[Token]) {
        match statement {
            [Token::Word(from), Token::Arrow, Token::Word(to), rest @ ..] => {
                let label = attributes(rest).remove("label").unwrap_or_default();
                self.edges.push((from.clone(), to.clone(), text_of(&label)));
            }
            [Token::Word(name), ..] if ["graph", "node", "edge"].contains(&name.as_str()) => {
                attributes(&statement[1..]);
            }
            [Token::Word(name), rest @ ..] => {
                assert!(self.nodes.insert(name.clone(), attributes(rest)).is_none(), "{name} is there twice");
            }
            _ => panic!("{statement:?}"),
        }
    }

    /// The boxes of objects.
    pub(crate) fn objects(&self) -> usize {
        self.nodes.keys().filter(|name| name.starts_with("object")).count()
    }

    /// The first lines of the labels of boxes that begin so.
    pub(crate) fn labels(&self, prefix: &str) -> Vec<String> {
        let named = self.nodes.iter().filter(|(name, _)| name.starts_with(prefix));
        named.map(|(_, attributes)| attributes["label"].split("\\n").next().unwrap_or_default().to_string()).collect()
    }

    /// The labels of edges between objects.
    pub(crate) fn edge_labels(&self) -> Vec<&str> {
        let between_objects =
            |(from, to, _): &&(String, String, String)| from.starts_with("object") && to.starts_with("object");
        self.edges.iter().filter(between_objects).map(|(_, _, label)| label.as_str()).collect()
    }
}

fn word(text: &str) -> Token {
    Token::Word(text.to_string())
}

fn attributes(tokens: &[Token]) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    let [Token::Mark('['), inside @ .., Token::Mark(']')] = tokens else {
        assert_eq!(tokens, []);
        return attributes;
    };
    for attribute in inside.split(|token| *token == Token::Mark(',')) {
        let [Token::Word(name), Token::Mark('='), Token::Word(value)] = attribute else { panic!("{attribute:?}") };
        attributes.insert(name.clone(), value.clone());
    }
    attributes
}

/// A label that is like HTML, without tags.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for character in html.chars() {
        match character {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ if depth == 0 => text.push(character),
            _ => {}
        }
    }
    assert_eq!(depth, 0, "{html}");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn tokens(text: &str) -> Vec<Token> {
    let mut rest = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(character) = rest.next() {
        match character {
            '"' => tokens.push(Token::Word(quoted(&mut rest))),
            '<' => tokens.push(Token::Word(html(&mut rest))),
            '-' => {
                assert_eq!(rest.next(), Some('>'));
                tokens.push(Token::Arrow);
            }
            '{' | '}' | '[' | ']' | '=' | ',' | ';' => tokens.push(Token::Mark(character)),
            _ if character.is_whitespace() => {}
            _ => {
                let mut name = character.to_string();
                while let Some(next) = rest.next_if(|next| next.is_alphanumeric() || ".#".contains(*next)) {
                    name.push(next);
                }
                assert!(name.chars().all(|character| character.is_ascii_alphanumeric() || character == '.'), "{name}");
                tokens.push(Token::Word(name));
            }
        }
    }
    tokens
}

/// Backslashes stay, but those before quotation marks.
fn quoted(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    loop {
        match rest.next().expect("a string ends") {
            '"' => return text,
            '\\' => match rest.next().expect("a string ends") {
                '"' => text.push('"'),
                next => text.extend(['\\', next]),
            },
            character => {
                assert!(!character.is_control());
                text.push(character);
            }
        }
    }
}

fn html(rest: &mut Peekable<Chars<'_>>) -> String {
    let (mut text, mut depth) = (String::new(), 1);
    loop {
        let character = rest.next().expect("HTML ends");
        depth += i32::from(character == '<') - i32::from(character == '>');
        if depth == 0 {
            return text;
        }
        text.push(character);
    }
}
