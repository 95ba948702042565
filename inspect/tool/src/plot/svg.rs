//! Writes a picture as SVG.

use core::fmt::{self, Write as _};

use crate::plot::colour::{Colour, style_sheet};

/// A picture that grows from the top down: its height is known at its end.
#[derive(Debug)]
pub(crate) struct Svg {
    width: f64,
    body: String,
}

/// Which point of a text its place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// What a picture is put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A file of its own.
    File,
    /// A page that has the style sheet.
    Page,
}

/// Bytes of a text's usual letter, as a share of its size.
const LETTER: f64 = 0.56;

/// About how wide a text is, in the font's usual size.
pub(crate) fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * 13.0 * LETTER
}

/// A text as it stands in XML and in HTML. What XML cannot hold is left out.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            char => escaped.push(char),
        }
    }
    escaped
}

impl Svg {
    /// An empty picture.
    pub(crate) const fn new(width: f64) -> Self {
        Self { width, body: String::new() }
    }

    /// How wide it is.
    pub(crate) const fn width(&self) -> f64 {
        self.width
    }

    fn write(&mut self, text: fmt::Arguments<'_>) {
        self.body.write_fmt(text).expect("a string takes all");
    }

    /// Text, in one line. A place is that of the line that letters stand on. The class is any further ones of the style.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, colour: Colour, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (colour, text) = (colour.class(), escape(text));
        let space = if class.is_empty() { "" } else { " " };
        self.write(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{colour}{space}{class}\"{anchor}>{text}</text>\n"
        ));
    }

    /// A line that helps the eye.
    pub(crate) fn rule(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.write(format_args!("<path class=\"rule {class}\" d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\"/>\n"));
    }

    /// A filled box; with a text that is shown where one points at it, if there is one.
    pub(crate) fn bar(
        &mut self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        colour: Colour,
        opacity: f64,
        hint: &str,
    ) {
        let colour = colour.class();
        self.write(format_args!(
            "<rect x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" height=\"{height:.1}\" class=\"{colour}\""
        ));
        if opacity < 1.0 {
            self.write(format_args!(" fill-opacity=\"{opacity:.2}\""));
        }
        if hint.is_empty() {
            self.write(format_args!("/>\n"));
        } else {
            self.write(format_args!("><title>{}</title></rect>\n", escape(hint)));
        }
    }

    /// A dot.
    pub(crate) fn dot(&mut self, (x, y): (f64, f64), colour: Colour) {
        self.write(format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" class=\"{}\"/>\n", colour.class()));
    }

    /// A line through these points.
    pub(crate) fn line(&mut self, points: impl IntoIterator<Item = (f64, f64)>, colour: Colour) {
        let path = path(points);
        self.write(format_args!("<path class=\"line {}\" d=\"{path}\"/>\n", colour.class()));
    }

    /// A faint area whose edge goes through these points.
    pub(crate) fn area(&mut self, points: impl IntoIterator<Item = (f64, f64)>, colour: Colour) {
        let path = path(points);
        self.write(format_args!("<path class=\"area {}\" d=\"{path}Z\"/>\n", colour.class()));
    }

    /// The whole picture. The description is for those who do not see it.
    pub(crate) fn finish(self, height: f64, frame: Frame, description: &str) -> String {
        let Self { width, body } = self;
        let description = escape(description);
        let (space, limit, style) = match frame {
            Frame::File => (
                " xmlns=\"http://www.w3.org/2000/svg\"",
                format!(" style=\"max-width:{:.0}px;margin:auto\"", width * 1.4),
                format!("<style>{}</style>\n", style_sheet()),
            ),
            Frame::Page => ("", String::new(), String::new()),
        };
        format!(
            "<svg{space} class=\"mudlark\" viewBox=\"0 0 {width:.0} {height:.0}\"{limit} role=\"img\" aria-label=\"{description}\">\n\
             {style}<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n{body}</svg>\n"
        )
    }
}

fn path(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (number, (x, y)) in points.into_iter().enumerate() {
        let command = if number == 0 { 'M' } else { 'L' };
        write!(path, "{command}{x:.1} {y:.1}").expect("a string takes all");
    }
    path
}
