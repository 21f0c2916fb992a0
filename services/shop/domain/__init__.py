"""Rules of shops and of storefronts."""
