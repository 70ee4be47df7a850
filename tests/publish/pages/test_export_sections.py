from analysis.publish.pages.export import number_headings


def test_each_section_gets_a_name_and_its_words_without_tags() -> None:
    body = "<h2>Một &amp; hai</h2><h3>x</h3><h2><em>Ba</em> &lt;b&gt;</h2>"
    html, found = number_headings(body)
    assert found == [("s1", "Một & hai"), ("s2", "Ba <b>")]
    assert html == '<h2 id="s1">Một &amp; hai</h2><h3>x</h3><h2 id="s2"><em>Ba</em> &lt;b&gt;</h2>'
