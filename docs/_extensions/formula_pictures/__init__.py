"""Pictures of formulas for the reference, drawn while it is built, by the formulas themselves.

`scenes` makes curves of a record, `svg` draws curves, and `directive` puts the drawings of all
bundled records of a kind on a page.
"""
