"""Practice data: a town that has used the service for eight months. Every name and number is made up."""
