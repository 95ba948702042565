//! What all pictures share: colours, fonts, axes, and a writer of SVG.
//!
//! ```text
//!   figures ──▸ Scale: where on the paper ──▸ Svg: shapes and texts, each with a Colour ──▸ a file, or a page's part
//!                 └── ticks: round values, in units for people
//! ```
//!
//! A picture is read without a legend: what a line is stands at its end, in its colour. Colours can be told apart by the
//! colour-blind (they are near those of Okabe and Ito), and there are two of each, for light and for dark paper.

mod colour;
mod labels;
mod scale;
mod svg;

pub(crate) use colour::{Colour, style_sheet};
pub(crate) use labels::{Lanes, spread};
pub(crate) use scale::{Scale, byte_ticks, time_ticks};
pub(crate) use svg::{Anchor, Frame, Svg, escape, text_width};
