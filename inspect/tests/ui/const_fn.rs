use mudlark_inspect::mem_profile;

#[mem_profile]
pub const fn square(number: u64) -> u64 {
    number * number
}

const NINE: u64 = square(3);

fn main() {
    assert_eq!(NINE, 9);
}
