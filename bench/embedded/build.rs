//! Links with the memory layout of the target's board.

fn main() {
    let script = match std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("arm") => "mps2.x",
        Ok("riscv32") => "virt.x",
        other => panic!("no board for {other:?}"),
    };
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where it builds");
    println!("cargo::rustc-link-arg=-T{folder}/src/board/{script}");
    println!("cargo::rerun-if-changed=src/board/{script}");
}
