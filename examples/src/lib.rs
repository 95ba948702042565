//! Programs that show what Mudlark is for; each is an example target of this package.
