# Writes complex_survey.json: what the R package survey (Lumley) says of the answers beside this script and of its own
# example sample apiclus1. Run here, by hand, when the answers change: Rscript complex_survey.R
suppressMessages(library(survey))
options(survey.lonely.psu = "adjust")

estimate <- function(design, counted) {
  mean <- svymean(counted, design, deff = "replace")
  list(
    respondents = nrow(design$variables), value = coef(mean)[[1]], standard_error = SE(mean)[[1]],
    design_effect = deff(mean)[[1]], degrees_of_freedom = degf(design)
  )
}
field <- function(name, value) sprintf('"%s": %s', name, format(value, digits = 15))
object <- function(name, of) {
  sprintf('  "%s": {%s}', name, paste(mapply(field, names(of), of), collapse = ", "))
}

answers <- read.csv("answers.csv", colClasses = c(stratum = "character", cluster = "character", round = "character"))
answers$counted <- as.numeric(answers$rating >= 4)
design <- svydesign(id = ~cluster, strata = ~stratum, weights = ~weight, data = answers, nest = TRUE)

data(api)
apiclus1$counted <- as.numeric(apiclus1$stype == "E")
schools <- svydesign(id = ~dnum, weights = ~pw, data = apiclus1)

rows <- c(
  object("total", estimate(design, ~counted)),
  sapply(sort(unique(answers$agency)), function(code) object(code, estimate(subset(design, agency == code), ~counted))),
  object("apiclus1", estimate(schools, ~counted))
)
version <- sprintf('  "made_with": "R survey %s"', packageVersion("survey"))
writeLines(c("{", paste(c(version, rows), collapse = ",\n"), "}"), "complex_survey.json")
