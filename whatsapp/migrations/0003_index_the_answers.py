from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('whatsapp', '0002_install_the_templates_of_calls'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('lane', 'reply')), fields=['accepted_at'], name='message_answers'),
        ),
    ]
