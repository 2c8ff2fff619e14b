"""What a person looks at. vendor/ holds the libraries it uses in the browser, brought there by hatch_build.py."""
