"""The business modules, each a package with the same rooms; composed by `portal.modules` in the ini."""
