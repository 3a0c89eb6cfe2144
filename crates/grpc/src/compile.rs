//! The emitted contracts, compiled: no other program is needed for it.

use emit::protobuf::{Package, TYPES, TYPES_PATH};
use prost_reflect::DescriptorPool;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

/// Files that are in memory.
struct Emitted(Vec<(String, String)>);

impl FileResolver for Emitted {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match self.0.iter().find(|(path, _)| path == name) {
            Some((path, text)) => File::from_source(path, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// The descriptors of packages, with those of all that they import.
///
/// # Errors
/// What is wrong with them: a defect of the emitter.
pub(crate) fn compile(packages: &[&Package]) -> Result<DescriptorPool, String> {
    let shared = std::iter::once((TYPES_PATH.to_owned(), TYPES.to_owned()));
    let files = packages.iter().map(|package| (package.path.clone(), package.text.clone()));
    let mut resolver = ChainFileResolver::new();
    resolver.add(Emitted(files.chain(shared).collect()));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(false);
    let paths = packages.iter().map(|package| package.path.as_str());
    compiler.open_files(paths).map_err(|error| error.to_string())?;
    // Without comments, as compilers leave them out of what they ship.
    let set = compiler.encode_file_descriptor_set();
    DescriptorPool::decode(set.as_slice()).map_err(|error| error.to_string())
}
