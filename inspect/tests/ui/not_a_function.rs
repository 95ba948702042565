use mudlark_inspect::mem_profile;

#[mem_profile]
struct Pan {
    sieve: u8,
}

#[mem_profile]
impl Pan {
    fn shake(&self) -> u8 {
        self.sieve
    }
}

trait Shake {
    #[mem_profile]
    fn shake(&self);
}

fn main() {
    Pan { sieve: 1 }.shake();
}
