//! See where a program's memory goes: profiles, snapshots, line by line.
