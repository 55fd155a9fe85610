"""What other systems tell, on its way to becoming records."""
