//! The package in Node's WebAssembly.
#![cfg(target_arch = "wasm32")]

mod cases;
