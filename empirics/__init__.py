"""What happens: data, models, the training engine, experiments and the records they leave."""
