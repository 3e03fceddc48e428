"""Parts for Oscar's dashboard; each replaces one app of Oscar's in INSTALLED_APPS."""
