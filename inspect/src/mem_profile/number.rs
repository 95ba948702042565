//! Numbers as people read them.

/// The digits in groups of three: «8 000 000».
pub(crate) fn grouped(number: isize) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn groups_have_three_digits_from_the_right() {
        let cases = [
            (0, "0"),
            (7, "7"),
            (-7, "-7"),
            (999, "999"),
            (1000, "1 000"),
            (-12_345, "-12 345"),
            (8_000_000, "8 000 000"),
        ];
        for (number, expected) in cases {
            assert_eq!(grouped(number), expected);
        }
        assert_eq!(grouped(isize::MIN).replace(' ', ""), isize::MIN.to_string());
    }
}
