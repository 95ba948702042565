//! Links with the memory layout of the target's board, and says whether that has several processors.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(several_processors)");
    let arch = std::env::var("CARGO_CFG_TARGET_ARCH");
    if matches!(arch.as_deref(), Ok("aarch64" | "x86_64")) {
        println!("cargo::rustc-cfg=several_processors");
    }
    let script = match arch.as_deref() {
        Ok("arm") => "mps2.x",
        Ok("riscv32") => "virt.x",
        Ok("aarch64") => "virt64.x",
        Ok("x86_64") => {
            // The host's linker, told that there is no host.
            for flag in
                ["-nostartfiles", "-nostdlib", "-static", "-no-pie", "-Wl,-z,max-page-size=4096", "-Wl,--build-id=none"]
            {
                println!("cargo::rustc-link-arg={flag}");
            }
            "pc.x"
        }
        other => panic!("no board for {other:?}"),
    };
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where it builds");
    println!("cargo::rustc-link-arg=-T{folder}/src/board/{script}");
    println!("cargo::rerun-if-changed=src/board/{script}");
}
