"""The parts of Lair's runtime client. The name keeps them apart from any module of a function."""
