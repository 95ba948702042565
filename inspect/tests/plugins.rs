//! Snapshots of a program that loads plugins, and others in their place.

#![cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]

use core::ffi::{c_char, c_int, c_void};
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::process::Command;

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Profiled, Profiler, Snapshot};

#[global_allocator]
static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());

type Ask = extern "C" fn(usize) -> *mut c_void;

/// Asks for memory in the name of a plugin.
extern "C" fn ask(size: usize) -> *mut c_void {
    Box::into_raw(vec![0_u8; size].into_boxed_slice()).cast()
}

/// Builds a plugin, whose one function asks by another.
fn build(folder: &Path, name: &str) -> PathBuf {
    let source = folder.join(format!("{name}.c"));
    let text = format!(
        "void *{name}(void *(*ask)(unsigned long), unsigned long size) {{ void *volatile block = ask(size); return block; }}\n"
    );
    std::fs::write(&source, text).expect("there is room");
    let library = folder.join(format!("{name}.so"));
    let mut compiler = Command::new("cc");
    compiler.args(["-g", "-O1", "-fno-omit-frame-pointer", "-shared", "-fPIC"]).arg(&source).arg("-o").arg(&library);
    assert!(compiler.status().expect("there is a compiler").success());
    library
}

/// A plugin that is loaded.
struct Plugin {
    handle: *mut c_void,
    function: *mut c_void,
}

impl Plugin {
    fn load(library: &Path) -> Self {
        let text = |text: &Path| CString::new(text.as_os_str().as_encoded_bytes()).expect("there is no zero in it");
        let (path, name) = (text(library), text(Path::new(library.file_stem().expect("it has a name"))));
        // SAFETY: the path is a string, and what it loads does nothing by itself.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null(), "{}", library.display());
        // SAFETY: the library is loaded, the name is a string.
        let function = unsafe { libc::dlsym(handle, name.as_ptr().cast::<c_char>()) };
        assert!(!function.is_null());
        Self { handle, function }
    }

    /// Has it ask for a block, which stays.
    fn ask_for(&self, size: usize) {
        // SAFETY: the plugin's function is of this type.
        let function =
            unsafe { core::mem::transmute::<*mut c_void, extern "C" fn(Ask, usize) -> *mut c_void>(self.function) };
        function(ask, size);
    }

    fn unload(self) -> *mut c_void {
        // SAFETY: it is loaded, and nobody is in it.
        let closed: c_int = unsafe { libc::dlclose(self.handle) };
        assert_eq!(closed, 0);
        self.function
    }
}

/// The functions and files of who asked for a block of that size.
fn asker(snapshot: &Snapshot, size: u64) -> String {
    let block = snapshot.blocks().find(|block| block.size() == size).expect("it is in use");
    block.traceback().frames().iter().map(|frame| format!("{} in {}\n", frame.function, frame.file)).collect()
}

#[test]
fn a_plugin_in_anothers_place_is_not_taken_for_it() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    std::fs::create_dir_all(&folder).expect("it can be made");
    let [early, one, other] = ["early_one", "later_one", "last_one"].map(|name| build(&folder, name));
    let _profile = Profiler::in_memory(30).expect("there is no other");
    let take = || Snapshot::take().expect("there is a recording");

    // What is loaded before anybody looks is known ever after.
    let plugin = Plugin::load(&early);
    plugin.ask_for(4001);
    assert!(asker(&take(), 4001).contains("early_one in "));
    let place = plugin.unload();

    let plugin = Plugin::load(&one);
    plugin.ask_for(4002);
    let before = take();
    assert_eq!(plugin.unload(), place, "the test needs them at one place");

    let plugin = Plugin::load(&other);
    let (unseen, nothing_yet) = (take(), "nobody was asked by the new one yet");
    assert!(!asker(&unseen, 4002).contains("last_one"), "{nothing_yet}: {}", asker(&unseen, 4002));
    plugin.ask_for(4003);
    let after = take();
    assert_eq!(plugin.function, place, "the test needs them at one place");

    for snapshot in [&before, &after] {
        let (early, one) = (asker(snapshot, 4001), asker(snapshot, 4002));
        assert!(early.contains("early_one in ") && early.contains("early_one.c"), "{early}");
        assert!(one.contains("later_one.so") && !one.contains("last_one") && !one.contains("early_one"), "{one}");
    }
    let other = asker(&after, 4003);
    assert!(other.contains("last_one in ") && other.contains("last_one.so") && !other.contains("later_one"), "{other}");

    let file = folder.join("saved.mmt");
    after.save(&file).expect("there is room");
    let saved = Snapshot::load(&file).expect("it is whole");
    for size in [4001, 4002, 4003] {
        assert_eq!(asker(&saved, size), asker(&after, size));
    }
}
