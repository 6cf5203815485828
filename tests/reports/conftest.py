from hypothesis import settings

# Two cores shared with workers and browsers: a slow example is no failure.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
