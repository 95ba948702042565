//! The colours, on light paper and on dark.

use core::fmt::Write as _;

/// A colour of lines, areas and texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Colour {
    /// Text, and what is no data.
    Ink,
    /// Lesser text.
    Faint,
    Blue,
    Green,
    Orange,
    Red,
    Purple,
    Sky,
    Grey,
}

/// What pictures are drawn on: light, and dark.
const PAPER: [&str; 2] = ["#ffffff", "#14181d"];
/// Lines of axes, which need not be read.
const RULE: [&str; 2] = ["#d5dae0", "#343b44"];

impl Colour {
    const ALL: [Self; 9] =
        [Self::Ink, Self::Faint, Self::Blue, Self::Green, Self::Orange, Self::Red, Self::Purple, Self::Sky, Self::Grey];

    /// Those that tell data apart, in the order in which they are taken.
    const DATA: [Self; 7] = [Self::Blue, Self::Orange, Self::Green, Self::Purple, Self::Sky, Self::Red, Self::Grey];

    /// The colour of the thing of that number, where there are many.
    pub(crate) const fn of_number(number: usize) -> Self {
        Self::DATA[number % Self::DATA.len()]
    }

    /// The class that shapes of this colour have.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Ink => "ink",
            Self::Faint => "faint",
            Self::Blue => "blue",
            Self::Green => "green",
            Self::Orange => "orange",
            Self::Red => "red",
            Self::Purple => "purple",
            Self::Sky => "sky",
            Self::Grey => "grey",
        }
    }

    /// On light paper, and on dark.
    const fn values(self) -> [&'static str; 2] {
        match self {
            Self::Ink => ["#1b2026", "#e8ecf0"],
            Self::Faint => ["#59636e", "#a3adb8"],
            Self::Blue => ["#0067a8", "#5bb4f0"],
            Self::Green => ["#007a55", "#35c79b"],
            Self::Orange => ["#9a6000", "#f0b03c"],
            Self::Red => ["#bd3a00", "#ff8a5c"],
            Self::Purple => ["#9b3d78", "#e99acb"],
            Self::Sky => ["#2d6f7e", "#8ed6e6"],
            Self::Grey => ["#5f6670", "#b4bcc6"],
        }
    }
}

/// The style of all pictures, for an SVG's own `<style>` or a page's.
///
/// Colours are written out rather than held in variables, which not all programs that show SVG know.
pub(crate) fn style_sheet() -> String {
    let mut sheet = String::from(
        "svg.mudlark{display:block;width:100%;height:auto;font:13px system-ui,-apple-system,'Segoe UI',sans-serif}\
         svg.mudlark .line{fill:none;stroke-width:1.6;stroke-linejoin:round}\
         svg.mudlark .area{stroke:none;fill-opacity:.18}\
         svg.mudlark .rule{fill:none;stroke-width:1}\
         svg.mudlark .halo{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}\
         svg.mudlark .dash{stroke-dasharray:3 3}\
         svg.mudlark .strong{font-weight:600}\
         svg.mudlark .small{font-size:11px}\n",
    );
    colours(&mut sheet, 0);
    sheet.push_str("@media (prefers-color-scheme:dark){\n");
    colours(&mut sheet, 1);
    sheet.push_str("}\n");
    sheet
}

fn colours(sheet: &mut String, mode: usize) {
    let mut write = |text: core::fmt::Arguments<'_>| sheet.write_fmt(text).expect("a string takes all");
    let paper = PAPER[mode];
    write(format_args!("svg.mudlark .paper{{fill:{paper}}}svg.mudlark .halo{{stroke:{paper}}}"));
    write(format_args!("svg.mudlark .rule{{stroke:{}}}\n", RULE[mode]));
    for colour in Colour::ALL {
        let (class, value) = (colour.class(), colour.values()[mode]);
        write(format_args!(
            "svg.mudlark .{class}{{fill:{value}}}svg.mudlark .line.{class}{{fill:none;stroke:{value}}}\n"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of WCAG 2.
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("a colour is #rrggbb")) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    #[test]
    fn text_of_each_colour_can_be_read_on_light_paper_and_on_dark() {
        for colour in Colour::ALL {
            for (value, paper) in colour.values().into_iter().zip(PAPER) {
                let (a, b) = (luminance(value), luminance(paper));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 4.5, "{colour:?} on {paper}: {contrast:.2}");
            }
        }
    }

    #[test]
    fn each_colour_has_its_rule_in_both_modes() {
        let sheet = style_sheet();
        let (light, dark) = sheet.split_once("@media").expect("there is a dark mode");
        for colour in Colour::ALL {
            let [in_light, in_dark] = colour.values();
            assert!(light.contains(&format!(".{}{{fill:{in_light}}}", colour.class())));
            assert!(dark.contains(&format!(".{}{{fill:{in_dark}}}", colour.class())));
        }
    }
}
