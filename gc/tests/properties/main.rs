//! Single properties of collections, finalizers, weak handles, panics and the derive.

mod collections;
mod counted_work;
mod derive;
mod dot_reader;
mod finalizers;
mod graphs;
mod neighbours;
mod observers;
mod panics;
mod parcels;
mod pictures;
mod pitfalls;
mod searches;
mod unique;
mod weak_handles;
mod weak_maps;
mod whole_heaps;
mod world;
