use mudlark_inspect::mem_profile;

#[mem_profile]
fn wrong(count: u32) -> Vec<u32> {
    let mut numbers = Vec::new();
    for number in 0..count {
        numbers.push(number.len());
    }
    while count {
        call.at(1);
    }
    match count {
        0 => return "nothing",
        _ => numbers,
    }
}

#[mem_profile]
async fn waits() -> u8 {
    3.await
}

fn main() {
    wrong(3);
    let _ = waits();
}
